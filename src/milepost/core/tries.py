"""How often something was tried within its time, counted where all processes see it: a table, one statement for each try.

That statement counts and tells, so that no two tries at once are taken for one. `core.tries_storage` brings it under the
`limits` library for what may be guessed; `core.quotas` counts with it what an organisation may have in a day.
"""

from django.db import connection

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


def count(key: str, *, seconds: int, amount: int = 1) -> int:
    """Count, and return how many there are in this window, which ends so many seconds after its first."""
    now = clock.now().timestamp()
    values: dict[str, str | float] = {
        "key": key,
        "amount": amount,
        "ends_at": now + seconds,
        "now": now,
        "latest": now + 2 * seconds,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        counted = int(cursor.fetchone()[0])
    if counted == amount:  # a new window: time to clear away those that are over
        # What another transaction holds is left: two that each wait for the other's count would end one of them.
        is_over = Tries.objects.select_for_update(skip_locked=True, no_key=True).filter(ends_at__lt=now)
        Tries.objects.filter(pk__in=is_over.values("pk"), ends_at__lt=now).delete()
    return counted


def counted(key: str) -> int:
    """How many there are in this window."""
    row = Tries.objects.filter(key=key, ends_at__gt=clock.now().timestamp()).first()
    return row.count if row else 0


def end_of(key: str) -> float:
    """When the window ends, in seconds since 1970."""
    row = Tries.objects.filter(key=key).first()
    return row.ends_at if row else clock.now().timestamp()
