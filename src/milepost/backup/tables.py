"""Rows of any model as JSON arrays that say the same on both databases, and back.

Whole rows, read and written past the models' own `save`: an instant keeps its microseconds, a key its number.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.backends.utils import CursorWrapper

BATCH = 2_000
Row = Sequence[Any]
Model = type[models.Model]


class Form(NamedTuple):
    """How values of one type of column are written as JSON, and read."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


_FORMS = {
    "DateTimeField": Form(datetime.isoformat, datetime.fromisoformat),
    "DateField": Form(date.isoformat, date.fromisoformat),
    "TimeField": Form(time.isoformat, time.fromisoformat),
    "DurationField": Form(timedelta.total_seconds, lambda seconds: timedelta(seconds=seconds)),
    "DecimalField": Form(str, Decimal),
    "UUIDField": Form(str, UUID),
    "BinaryField": Form(lambda data: b64encode(data).decode(), lambda text: b64decode(text, validate=True)),
}


def tables(apps: Apps) -> dict[str, "Table"]:
    """Every table of these models, by name and in order."""
    found = (Table(model) for model in apps.get_models(include_auto_created=True) if model._meta.managed)
    return dict(sorted((table.name, table) for table in found))


@dataclass(frozen=True)
class Table:
    """A model's table."""

    model: Model

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        """Their names, in the order that rows have."""
        return [str(field.column) for field in self._fields]

    @property
    def _fields(self) -> list[Any]:
        return sorted(self.model._meta.concrete_fields, key=lambda field: str(field.column))

    def count(self, *, using: str = DEFAULT_DB_ALIAS) -> int:
        """How many rows there are."""
        return self.model._base_manager.using(using).count()

    def rows(self, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[Row]:
        """Every row in the order of keys, as Python has the values; a batch at a time in memory."""
        names = [field.attname for field in self._fields]
        yield from self.model._base_manager.using(using).order_by("pk").values_list(*names).iterator(BATCH)

    def lines(self, rows: Iterable[Row]) -> Iterator[bytes]:
        """Each row as a line of JSON, without the line’s end."""
        forms = self._forms()
        for row in rows:
            values = list(row)
            for at, form in forms:
                if values[at] is not None:
                    values[at] = form.write(values[at])
            yield json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
                errors="surrogatepass"
            )

    def read(self, line: bytes) -> Row:
        """The row that a line tells. Raises `ValueError`, `TypeError` for what is no row of this table."""
        values = json.loads(line)
        if not isinstance(values, list) or len(values) != len(self._fields):
            raise ValueError(f"{self.name}: {len(self._fields)} values are expected")
        for at, form in self._forms():
            if values[at] is not None:
                values[at] = form.read(values[at])
        return values

    def _forms(self) -> list[tuple[int, Form]]:
        kinds = [_target(field).get_internal_type() for field in self._fields]
        return [(at, _FORMS[kind]) for at, kind in enumerate(kinds) if kind in _FORMS]

    def insert(self, cursor: CursorWrapper, rows: Sequence[Row]) -> None:
        """Put these rows into the table. Raises `DatabaseError`, and what fields raise for values that are none of theirs."""
        quote, fields = connection.ops.quote_name, self._fields
        columns, places = ", ".join(map(quote, self.columns)), ", ".join(["%s"] * len(fields))
        prepared = [
            [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)]
            for row in rows
        ]
        cursor.executemany(f"INSERT INTO {quote(self.name)} ({columns}) VALUES ({places})", prepared)  # noqa: S608 (names of ours)


def _target(field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


class Sum:
    """How many rows, and one number over all of them whatever their order: databases sort texts differently."""

    def __init__(self, table: Table) -> None:
        self._json = [at for at, field in enumerate(table._fields) if isinstance(field, models.JSONField)]
        self.rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Count this line in."""
        if self._json:
            values = json.loads(line)
            for at in self._json:
                values[at] = _plain(values[at])
            line = json.dumps(values, sort_keys=True).encode()
        self.rows += 1
        self._sum += int.from_bytes(sha256(line).digest())

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "sum": f"{self._sum % (1 << 256):064x}"}


def _plain(value: Any) -> Any:
    """Numbers as both databases keep them: 5.0 and 5 are one number in PostgreSQL's jsonb."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
