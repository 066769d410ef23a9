"""The backend that `DATABASES` names: Django finds it by the name of this module."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from milepost.core.postgresql import CONNECT, NAME, bounds

REST = 1.0  # seconds for which a server that was not reached is left alone
_KEEPALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class Connection(psycopg.Connection[Any]):
    """A connection whose client stops waiting when the server hangs."""

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is not None or self.patience is None:
            return super().wait(gen, interval=interval, timeout=timeout)
        try:
            return super().wait(gen, interval=interval, timeout=self.patience)
        except psycopg.OperationalError as error:
            if error.sqlstate is None:  # it was lost, or is in the middle of something that nobody will ever hear of
                self.pgconn.finish()
            raise


class _Reach:
    """Whether the server could be reached a moment ago, as all threads of the process know it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._trying = False
        self._failed_at = 0.0  # by the monotonic clock; 0 while it is reached

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Try to reach it inside the block. Raises `OperationalError` at once where that has just failed."""
        with self._lock:
            is_away = self._failed_at > 0.0
            if is_away and (self._trying or time.monotonic() - self._failed_at < REST):
                raise psycopg.OperationalError("The server was not reached a moment ago.")
            self._trying = self._trying or is_away
        try:
            yield
        except BaseException as error:
            is_its_own = isinstance(error, psycopg.OperationalError)  # and no word of the URL that libpq does not know
            self._ended(failed_at=time.monotonic() if is_its_own else 0.0, was_away=is_away)
            raise
        self._ended(failed_at=0.0, was_away=is_away)

    def _ended(self, *, failed_at: float, was_away: bool) -> None:
        with self._lock:
            self._failed_at = failed_at
            self._trying = self._trying and not was_away


_reach = _Reach()


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL within the bounds of this process."""

    def get_connection_params(self) -> dict[str, Any]:
        ours: dict[str, Any] = {
            "connect_timeout": CONNECT,
            "tcp_user_timeout": 30_000,
            "application_name": NAME,
        } | _KEEPALIVE
        params = ours | super().get_connection_params()
        # A server that finds that nobody waits any more ends the statement, too.
        noticing = "-c client_connection_check_interval=10000"
        params["options"] = " ".join([noticing, bounds().options, params.get("options", "")]).strip()
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        with _reach.trying():
            connection = Connection.connect(**conn_params)
        connection.patience = bounds().patience
        return connection

    def is_usable(self) -> bool:
        """Whether the connection lives, and leads to a server that takes writes: after a failover it is another one."""
        if self.connection is None:
            return False
        try:
            with self.connection.cursor() as cursor:
                is_standby = cursor.execute("SELECT pg_is_in_recovery()").fetchone()
        except psycopg.Error:
            return False
        return bool(is_standby == (False,))
