"""Queries that every request asks: worked out once, then run with other values.

Turning a Django query into SQL takes several times as long as a database takes to answer a lookup by key. A `Prepared`
query is built and compiled on first use in each thread; from then on only its values change. The queryset stays the
definition, and Django runs it: only the step from query to SQL is left out.
"""

from collections.abc import Callable
from threading import local
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models

type Value = int | str


class Prepared[Row]:
    """`build` takes each of its values by name and returns the queryset.

    The values are integers or texts, never None, and the queryset compares columns with them by `exact` alone, so
    that they reach the database as they are. `kinds` names them with their types.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any, Row]], **kinds: type[Value]) -> None:
        self._build = build
        # What stands for a value while the query is compiled: nothing that a query would hold by itself.
        self._markers: dict[str, Value] = {
            name: 9_007_100_000_000_000 + at if kind is int else f"\ue000{at}"
            for at, (name, kind) in enumerate(kinds.items())
        }
        self._threads = local()  # a compiled query belongs to its thread's connection

    def all(self, **values: Value) -> list[Row]:
        """The objects, or the rows of a `values_list`, for these values, in the order of the queryset."""
        plan: _Plan[Row] | None = getattr(self._threads, "plan", None)
        if plan is None:
            plan = self._threads.plan = _Plan(self._build(**self._markers))
        return plan.run({self._markers[name]: value for name, value in values.items()})

    def get(self, **values: Value) -> Row | None:
        """The first object for these values, or None."""
        rows = self.all(**values)
        return rows[0] if rows else None


class _Plan[Row]:
    """A compiled queryset: Django's own compiler, which gives its SQL with other parameters each time."""

    def __init__(self, queryset: models.QuerySet[Any, Row]) -> None:
        self.queryset = queryset
        self.compiler: Any = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self.sql, self.params = self.compiler.as_sql()
        queryset.query.get_compiler = lambda *_args, **_kwargs: self.compiler  # type: ignore[method-assign]

    def run(self, given: dict[Value, Value]) -> list[Row]:
        params = tuple(given.get(param, param) for param in self.params)
        self.compiler.as_sql = lambda *_args, **_kwargs: (self.sql, params)
        queryset: Any = self.queryset
        rows = queryset._iterable_class(queryset)
        return list(rows)
