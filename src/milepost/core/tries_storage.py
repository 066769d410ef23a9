"""How often something was tried, counted where all processes see it: the store under the `limits` library.

    limits.storage.storage_from_string("database://")        # this one, or redis://… by MILEPOST_LIMITS_URL

One statement counts and tells, so that no two tries at once are taken for one. What may be tried how often is told by
`people.limits`; how often one code may be mistyped, by `core.codes`.
"""

from django.db import connection
from limits.storage import Storage

from milepost.core import clock
from milepost.core.models import Tries

_COUNT = """
    INSERT INTO core_tries (key, count, ends_at) VALUES (%(key)s, %(amount)s, %(ends_at)s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN {is_over} THEN 0 ELSE core_tries.count END + excluded.count,
        ends_at = CASE WHEN {is_over} THEN excluded.ends_at ELSE core_tries.ends_at END
    RETURNING count
"""
# A window that ends later than any that begins now was opened before the clock went back.
_COUNT = _COUNT.format(is_over="(core_tries.ends_at <= %(now)s OR core_tries.ends_at > %(latest)s)")


class DatabaseStorage(Storage):
    """Counts in the database, for installations without a Redis."""

    STORAGE_SCHEME = ["database"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and return how many there are in this window, which ends `expiry` seconds after its first."""
        now = clock.now().timestamp()
        values: dict[str, str | float] = {
            "key": key,
            "amount": amount,
            "ends_at": now + expiry,
            "now": now,
            "latest": now + 2 * expiry,
        }
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, values)
            count = int(cursor.fetchone()[0])
        if count == amount:  # a new window: time to clear away those that are over
            # What another transaction holds is left: two that each wait for the other's count would end one of them.
            is_over = Tries.objects.select_for_update(skip_locked=True).filter(ends_at__lt=now)
            Tries.objects.filter(pk__in=is_over.values("pk"), ends_at__lt=now).delete()
        return count

    def get(self, key: str) -> int:
        """How many there are in this window."""
        row = Tries.objects.filter(key=key, ends_at__gt=clock.now().timestamp()).first()
        return row.count if row else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        row = Tries.objects.filter(key=key).first()
        return row.ends_at if row else clock.now().timestamp()

    def check(self) -> bool:
        """Whether the database answers."""
        return Tries.objects.exists() or True

    def reset(self) -> int | None:
        """Forget every count; return how many there were."""
        return Tries.objects.all().delete()[0]

    def clear(self, key: str) -> None:
        """Forget the count of this key."""
        Tries.objects.filter(key=key).delete()
