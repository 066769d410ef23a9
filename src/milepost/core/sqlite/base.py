"""The backend that `DATABASES` names: Django finds it by the name of this module."""

from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base

from milepost.core import sqlite
from milepost.core.local_days import date_in


class DatabaseWrapper(base.DatabaseWrapper):
    """SQLite that recovers from its disk."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        sqlite.note(Path(str(conn_params["database"])))
        connection = super().get_new_connection(conn_params)
        connection.create_function("milepost_date_in", 2, date_in, deterministic=True)
        return connection

    def close_if_unusable_or_obsolete(self) -> None:
        sqlite.look_again()
        super().close_if_unusable_or_obsolete()

    def is_usable(self) -> bool:
        """Never: it is asked after an error alone, and what the error left of the connection is not worth a guess."""
        return False
