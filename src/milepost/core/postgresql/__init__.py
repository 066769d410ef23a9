"""Django's PostgreSQL with bounds: nobody waits for it longer than this process may.

    postgresql.bound(statements=20, locks=10, transactions=60)     # before the first connection; in seconds

The server keeps to them itself (`statement_timeout` and its like). One that hangs, or a network that swallows packets,
keeps to nothing: then the client gives up `GRACE` later. A server that was not reached is left alone for a moment, so that
of many who ask, one waits for it and the others are told at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

NAME = "milepost"  # what the server calls our connections (`pg_stat_activity`), unless the URL says otherwise
CONNECT = 5  # seconds, for each address of the server
GRACE = 2.0  # seconds that the client leaves the server to end a statement by itself


@dataclass(frozen=True)
class Bounds:
    """Seconds that a statement, the wait for a lock and an idle transaction may take; None: as long as they like."""

    statements: float | None = None
    locks: float | None = None
    transactions: float | None = None

    @property
    def options(self) -> str:
        """As the server takes them when a connection is made (PostgreSQL documentation, section 20.11.1)."""
        names = {
            "statement_timeout": self.statements,
            "lock_timeout": self.locks,
            "idle_in_transaction_session_timeout": self.transactions,
        }
        return " ".join(f"-c {name}={round(1000 * value)}" for name, value in names.items() if value)

    @property
    def patience(self) -> float | None:
        """Seconds after which the client gives up an answer."""
        return self.statements + GRACE if self.statements else None


_bounds = [Bounds()]
_own: ContextVar[Bounds | None] = ContextVar("own", default=None)  # threads begin without one


def bound(**seconds: float | None) -> None:
    """Hold connections that this process makes from now on to these `Bounds`."""
    _bounds[0] = Bounds(**seconds)


@contextmanager
def bounded(**seconds: float | None) -> Iterator[None]:
    """Hold connections that this thread makes in the block to these `Bounds` instead."""
    token = _own.set(Bounds(**seconds))
    try:
        yield
    finally:
        _own.reset(token)


def bounds() -> Bounds:
    """What connections are held to that are made now."""
    return _own.get() or _bounds[0]
