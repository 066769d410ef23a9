"""Django's cache in the database: one for all hosts, for what is small, soon over, and no loss when it is gone.

What counts tries to sign in, remembers codes that were used and leaves a mail server alone asks the cache; counted by each host for
itself, one could try as often again on each. Values are JSON: whoever can write into the database must not run code here, as they
could by a pickle.
"""

import json
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

from milepost.core import clock
from milepost.core.models import Kept

FOR_EVER = 253_402_300_799.0  # the last second of the year 9999
_PUT = """
    INSERT INTO core_kept (key, value, ends_at) VALUES (%s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at
"""
_PUT_IF_OVER = f"{_PUT} WHERE core_kept.ends_at <= %s"


class TableCache(BaseCache):
    """The cache of all processes of an installation. One statement adds, so of two who add at once one does."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._put(_PUT_IF_OVER, key, value, timeout, version, _now()) == 1

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._put(_PUT, key, value, timeout, version)
        Kept.objects.filter(ends_at__lte=_now()).delete()

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        row = self._rows(key, version).values_list("value").first()
        return json.loads(row[0]) if row else default

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._rows(key, version).update(ends_at=self._end(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._rows(key, version).delete()[0])

    def clear(self) -> None:
        Kept.objects.all().delete()

    def _put(self, statement: str, key: str, value: Any, timeout: Any, version: int | None, *more: float) -> int:
        name = self.make_and_validate_key(key, version)
        with connection.cursor() as cursor:
            values: list[Any] = [name, json.dumps(value), self._end(timeout), *more]
            cursor.execute(statement, values)  # never: sql (written out above)
            return int(cursor.rowcount)

    def _rows(self, key: str, version: int | None) -> Any:
        return Kept.objects.filter(key=self.make_and_validate_key(key, version), ends_at__gt=_now())

    def _end(self, timeout: Any) -> float:
        end = self.get_backend_timeout(timeout)
        return FOR_EVER if end is None else float(end)


def _now() -> float:
    return clock.now().timestamp()
