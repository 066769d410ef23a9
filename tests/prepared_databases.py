"""Databases that are migrated once and kept: other workers and later runs copy them, as long as no migration has changed.

`use` is for the database of the tests, `migrated` for those of programs that tests start.

Migrating takes seconds each time, a copy some milliseconds. Each worker has a copy of its own: on SQLite in memory, on
PostgreSQL made from a template. `--create-db` migrates anew; `make test` begins with nothing kept.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import psycopg
from django.apps import apps
from django.db import connection

FOLDER = Path(__file__).parent.parent / "build/test-databases"
TEMPLATE = "milepost_prepared_"  # what a template is called on a PostgreSQL server, before its fingerprint


def use() -> None:
    """Have Django make its test database out of the kept one; where there is none yet, keep the one that it makes."""
    kept = OnPostgreSQL() if connection.vendor == "postgresql" else OnSQLite()
    create = connection.creation.create_test_db

    def create_test_db(*args: object, **kwargs: object) -> str:
        with alone(FOLDER / connection.vendor):  # of workers that begin together one migrates, the others copy
            if not kept.exists():
                name = create(*args, **kwargs)
                kept.keep()
                return name
        kept.copy_from_now_on()
        return create(*args, **kwargs)

    connection.creation.create_test_db = create_test_db


def migrated(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that lead to what `milepost migrate` made, of the kind of the tests. It is there to be copied, not to be used."""
    if connection.vendor == "sqlite":
        return {"MILEPOST_DATA": str(migrated_folder(environment))}
    server, name = os.environ["MILEPOST_DATABASE_URL"].rpartition("/")[0], f"milepost_migrated_{_fingerprint()}"
    with alone(FOLDER / "migrated-postgresql"), psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            admin.execute("DROP DATABASE IF EXISTS milepost_unfinished")
            admin.execute("CREATE DATABASE milepost_unfinished")
            with TemporaryDirectory() as data:
                _migrate(environment, MILEPOST_DATA=data, MILEPOST_DATABASE_URL=f"{server}/milepost_unfinished")
            admin.execute(f"ALTER DATABASE milepost_unfinished RENAME TO {name}")
    return {"MILEPOST_DATABASE_URL": f"{server}/{name}"}


def migrated_folder(environment: Mapping[str, str]) -> Path:
    """A data folder with what `milepost migrate` made on SQLite."""
    folder, unfinished = FOLDER / f"migrated-{_fingerprint()}", FOLDER / "unfinished"
    with alone(FOLDER / "migrated-sqlite"):
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            _migrate(environment, MILEPOST_DATA=str(unfinished))
            unfinished.rename(folder)
    return folder


def _migrate(environment: Mapping[str, str], **settings: str) -> None:
    command = [sys.executable, "-m", "milepost.cli", "migrate"]
    subprocess.run(command, env={**environment, **settings}, check=True, capture_output=True)


class OnSQLite:
    """A file; a test database begins as a copy of it in memory."""

    def __init__(self) -> None:
        self.path = FOLDER / f"{_fingerprint()}.sqlite3"

    def exists(self) -> bool:
        return self.path.exists()

    def keep(self) -> None:
        for older in FOLDER.glob("*.sqlite3"):
            older.unlink(missing_ok=True)
        unfinished = self.path.with_suffix(f".{os.getpid()}")
        with sqlite3.connect(unfinished) as target:
            connection.connection.backup(target)
        unfinished.rename(self.path)

    def copy_from_now_on(self) -> None:
        make_empty: Callable[..., str] = connection.creation._create_test_db

        def make_filled(*args: object, **kwargs: object) -> str:
            name = connection.settings_dict["NAME"] = make_empty(*args, **kwargs)
            connection.close()
            connection.ensure_connection()
            with sqlite3.connect(self.path) as source:
                source.backup(connection.connection)
            return name

        connection.creation._create_test_db = make_filled


class OnPostgreSQL:
    """A database beside those of the tests, from which they are made as from a template."""

    def __init__(self) -> None:
        self.name = TEMPLATE + _fingerprint()

    def exists(self) -> bool:
        return self.name in self._kept()

    def keep(self) -> None:
        connection.close()
        source = connection.settings_dict["NAME"]
        older = [f'DROP DATABASE "{name}"' for name in self._kept()]
        self._administer(*older, f'CREATE DATABASE "{self.name}" TEMPLATE "{source}"')

    def copy_from_now_on(self) -> None:
        connection.settings_dict["TEST"]["TEMPLATE"] = self.name

    def _kept(self) -> set[str]:
        return {name for (name,) in self._administer("SELECT datname FROM pg_database") if name.startswith(TEMPLATE)}

    def _administer(self, *statements: str) -> list[tuple[str]]:
        """Do these on the server; what the last one found."""
        with connection.creation._nodb_cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time, of those that name the same path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def _fingerprint() -> str:
    """Of every migration of every app, as it is written, and of Django."""
    digest = hashlib.sha256(django.__version__.encode())
    for config in sorted(apps.get_app_configs(), key=lambda config: config.name):
        for path in sorted(Path(config.path).glob("migrations/*.py")):
            digest.update(path.as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
