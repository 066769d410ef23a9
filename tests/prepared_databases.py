"""The SQLite test database, migrated once and kept: later runs copy it, as long as no migration has changed.

Migrating takes seconds each time, a copy some milliseconds. Tests still run in memory, on a copy of their own.
"""

import hashlib
import os
import sqlite3
from pathlib import Path

import django
from django.apps import apps
from django.db import connection

FOLDER = Path(__file__).parent.parent / "build/test-databases"


def use() -> None:
    """Have Django make its test database out of the kept one; where there is none yet, keep the one that it makes."""
    creation = connection.creation
    if connection.vendor != "sqlite":
        return
    kept = FOLDER / f"{_fingerprint()}.sqlite3"
    make_empty, create = creation._create_test_db, creation.create_test_db

    def make_filled(*args, **kwargs):
        name = connection.settings_dict["NAME"] = make_empty(*args, **kwargs)
        connection.close()
        connection.ensure_connection()
        with sqlite3.connect(kept) as source:
            source.backup(connection.connection)
        return name

    def create_and_keep(*args, **kwargs):
        name = create(*args, **kwargs)
        _keep(kept)
        return name

    if kept.exists():
        creation._create_test_db = make_filled
    else:
        creation.create_test_db = create_and_keep


def _keep(path: Path) -> None:
    """Put the fresh database aside; whoever runs beside this one keeps the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for older in path.parent.glob("*.sqlite3"):
        older.unlink(missing_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    with sqlite3.connect(unfinished) as target:
        connection.connection.backup(target)
    unfinished.rename(path)


def _fingerprint() -> str:
    """Of every migration of every app, as it is written, and of Django."""
    digest = hashlib.sha256(django.__version__.encode())
    for config in sorted(apps.get_app_configs(), key=lambda config: config.name):
        for path in sorted(Path(config.path).glob("migrations/*.py")):
            digest.update(path.as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
