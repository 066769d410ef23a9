"""Databases that `milepost migrate` made once, kept and copied as long as no model and no migration has changed.

`use` makes the database of the tests from one, `migrated` is for those of programs that tests start.

Making one takes a second each time, a copy some milliseconds. Each worker has a copy of its own: on SQLite in memory, on
PostgreSQL made from a template; in it are migrated the rooms that only tests have. `--create-db` runs every migration anew.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import psycopg
from django.apps import apps
from django.db import connection
from running import SECRET, clean_environment

from milepost.config import new_database

FOLDER = Path(__file__).parent.parent / "build/test-databases"
DATABASE = "milepost.sqlite3"  # in a data folder


def use() -> None:
    """Have Django make its test database out of the kept one."""
    settings = migrated()
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = settings["MILEPOST_DATABASE_URL"].rpartition("/")[2]
    else:
        _begin_in_memory_with(Path(settings["MILEPOST_DATA"]) / DATABASE)


def _begin_in_memory_with(path: Path) -> None:
    make_empty: Callable[..., str] = connection.creation._create_test_db

    def make_filled(*args: object, **kwargs: object) -> str:
        name = connection.settings_dict["NAME"] = make_empty(*args, **kwargs)
        connection.close()
        connection.ensure_connection()
        with closing(sqlite3.connect(path)) as source:
            source.backup(connection.connection)
        return name

    connection.creation._create_test_db = make_filled


def migrated() -> dict[str, str]:
    """The settings that lead to what `milepost migrate` made, of the kind of the tests. It is there to be copied, not to be used."""
    if connection.vendor == "sqlite":
        return {"MILEPOST_DATA": str(migrated_folder())}
    server, name = os.environ["MILEPOST_DATABASE_URL"].rpartition("/")[0], f"milepost_migrated_{_fingerprint()}"
    with alone(FOLDER / "migrated-postgresql"), psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            admin.execute("DROP DATABASE IF EXISTS milepost_unfinished")
            admin.execute("CREATE DATABASE milepost_unfinished")
            with TemporaryDirectory() as data:
                _migrate(MILEPOST_DATA=data, MILEPOST_DATABASE_URL=f"{server}/milepost_unfinished")
            admin.execute(f"ALTER DATABASE milepost_unfinished RENAME TO {name}")
    return {"MILEPOST_DATABASE_URL": f"{server}/{name}"}


def migrated_folder() -> Path:
    """A data folder with what `milepost migrate` made on SQLite."""
    folder, unfinished = FOLDER / f"migrated-{_fingerprint()}", FOLDER / "unfinished"
    with alone(FOLDER / "migrated-sqlite"):
        if not folder.exists():
            for older in (unfinished, *FOLDER.glob("migrated-*/")):
                shutil.rmtree(older, ignore_errors=True)
            unfinished.mkdir()
            _migrate(MILEPOST_DATA=str(unfinished))
            unfinished.rename(folder)
    return folder


def _migrate(**settings: str) -> None:
    command = [sys.executable, "-m", "milepost.cli", "migrate"]
    subprocess.run(command, env=installed_environment() | settings, check=True, capture_output=True)


def installed_environment() -> dict[str, str]:
    """What programs that tests start run in: Milepost as it is installed, and none of the settings around the tests."""
    return clean_environment(MILEPOST_SECRET_KEY=SECRET, DJANGO_SETTINGS_MODULE="milepost.config.settings")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time, of those that name the same path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def _fingerprint() -> str:
    """Of all models and migrations, as they are written, of what makes tables of them, and of Django."""
    digest = hashlib.sha256(django.__version__.encode() + Path(new_database.__file__).read_bytes())
    for config in sorted(apps.get_app_configs(), key=lambda config: config.name):
        folder = Path(config.path)
        for path in sorted({*folder.glob("models*.py"), *folder.glob("models/*.py"), *folder.glob("migrations/*.py")}):
            digest.update(path.as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
