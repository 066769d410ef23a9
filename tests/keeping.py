"""A world that takes long to make is made once in a process, and put back for each further test that begins with it.

    KEPT = Kept()

    @pytest.fixture
    def kept(db, tmp_path):
        return KEPT.world(make, files=tmp_path / "files")      # the rows that `make()` names, by their names, read anew

What is kept are the rows that making it added, whatever tables they are in, and the files. So it is the world that the
public verbs made; a test changes it as it likes, and its transaction is rolled back as ever.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.types.json import Jsonb

from milepost.journal.models import Entry, Unfolded

type Row = tuple[Any, ...]


class Kept:
    """One such world. It is to be made from an empty database: what was there before is not looked at again."""

    def __init__(self) -> None:
        self._names: dict[str, Any] | None = None
        self._rows: dict[str, tuple[list[str], list[Row]]] = {}
        self._folder: Path | None = None

    def world(self, make: Callable[[], dict[str, Any]], *, files: Path) -> dict[str, Any]:
        """Each row that `make` names, by its name, read anew from the database; `files` is the folder of the test's blobs."""
        shutil.rmtree(_witnessed(), ignore_errors=True)  # whatever another test went on to seal in this world
        if self._names is None:
            before = _all_rows()
            self._names = {name: (type(row), row.pk) for name, row in make().items()}
            self._keep(before, files)
        else:
            self._put_back(files)
        return {name: model._base_manager.get(pk=key) for name, (model, key) in self._names.items()}

    def _keep(self, before: dict[str, tuple[list[str], list[Row]]], files: Path) -> None:
        for table, (columns, rows) in _all_rows().items():
            old = set(map(repr, before[table][1]))
            if new := [row for row in rows if repr(row) not in old]:
                self._rows[table] = columns, new
        self._folder = Path(tempfile.mkdtemp(prefix="milepost-kept-"))
        for name, folder in (("files", files), ("seals", _witnessed())):
            if folder.exists():
                shutil.copytree(folder, self._folder / name)

    def _put_back(self, files: Path) -> None:
        entries = Entry._meta.db_table
        with connection.cursor() as cursor:
            for table in sorted(self._rows, key=lambda name: name != entries):
                columns, rows = self._rows[table]
                names, places = ", ".join(map(_quoted, columns)), ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {_quoted(table)} ({names}) VALUES ({places})", rows)
                if table == entries:  # the database puts each into its queue; which ones waited is among the rows
                    Unfolded.objects.all().delete()
        for name, folder in (("files", files), ("seals", _witnessed())):
            if (self._folder / name).exists():
                shutil.copytree(self._folder / name, folder, dirs_exist_ok=True)


def _witnessed() -> Path:
    return Path(settings.ENVIRONMENT.data) / "seals"


def _all_rows() -> dict[str, tuple[list[str], list[Row]]]:
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {_quoted(table)}")
            columns = [column[0] for column in cursor.description]
            found[table] = columns, [tuple(map(_as_sent, row)) for row in cursor.fetchall()]
    return found


def _as_sent(value: Any) -> Any:
    """A value as it can be sent to the database again."""
    return Jsonb(value) if isinstance(value, dict | list) else value


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
