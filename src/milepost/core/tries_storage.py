"""The table of tries (`core.tries`) as a store under the `limits` library.

    limits.storage.storage_from_string("database://")        # this one, or redis://… by MILEPOST_LIMITS_URL

What may be tried how often is told by `people.limits`; how often one code may be mistyped, by `core.codes`.
"""

from limits.storage import Storage

from milepost.core import tries
from milepost.core.models import Tries


class DatabaseStorage(Storage):
    """Counts in the database, for installations without a Redis."""

    STORAGE_SCHEME = ["database"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and return how many there are in this window, which ends `expiry` seconds after its first."""
        return tries.count(key, seconds=expiry, amount=amount)

    def get(self, key: str) -> int:
        """How many there are in this window."""
        return tries.counted(key)

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return tries.end_of(key)

    def check(self) -> bool:
        """Whether the database answers."""
        return Tries.objects.exists() or True

    def reset(self) -> int | None:
        """Forget every count; return how many there were."""
        return Tries.objects.all().delete()[0]

    def clear(self, key: str) -> None:
        """Forget the count of this key."""
        Tries.objects.filter(key=key).delete()
