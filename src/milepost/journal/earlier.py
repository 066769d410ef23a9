"""Databases of states of Milepost that were never released: their journal has another form, and can't be written anew."""

from typing import Any

from django.db import connections
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused


class MadeByAnEarlierState(Refused):
    """What is sealed stays as it is, so that a journal in an earlier form can't be brought to this one."""

    sentence = gettext_lazy(
        "This database was made by an unreleased state of Milepost, whose journal has another form. Nothing was changed. "
        "Keep it as it is, to read it with that state, and begin with a new, empty database."
    )


def refuse(*, using: str, **_signal: Any) -> None:
    """Called before any migration: raise `MadeByAnEarlierState` for a journal with entries in an earlier form."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if "journal_entry" not in connection.introspection.table_names(cursor):
            return
        columns = {column.name for column in connection.introspection.get_table_description(cursor, "journal_entry")}
        if "fact" in columns:
            return
        cursor.execute("SELECT 1 FROM journal_entry LIMIT 1")
        if cursor.fetchone():
            raise MadeByAnEarlierState
