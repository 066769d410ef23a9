"""What tests of backups do: make one, put it back, and read all rows."""

import os
import subprocess
import sys
from contextlib import contextmanager

import dj_database_url
import pytest
from django.db import connection, connections

from milepost.backup import making, restoring


class Bar:
    def update(self, _count):
        pass


@contextmanager
def quietly(_label, _length):
    yield Bar()


# It is about files, and the same whatever database they come from.
of_files = pytest.mark.each_day_on("sqlite")


@contextmanager
def other_database(url):
    """Another default database, in all threads."""
    settings, before = connections.settings["default"], connections["default"]
    other = dj_database_url.parse(url)
    connections.settings["default"] = settings | other | {"ENGINE": settings["ENGINE"]}
    del connections["default"]
    try:
        yield
    finally:
        connection.close()
        connections.settings["default"], connections["default"] = settings, before


def backup(path, **options):
    return making.make(path, progress=quietly, **options)


def restore(path, **options):
    return restoring.restore(path, progress=quietly, **options)


def everything():
    """All rows of the database, as lines."""
    from django.apps import apps

    from milepost.backup.tables import tables

    return {name: list(table.lines(table.rows())) for name, table in tables(apps).items()}


def refused_to_change(model):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        model.objects.update(verb="other")


def milepost(folder, *words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")} | {
        "MILEPOST_DATA": str(folder),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "-m", "milepost.cli", *map(str, words)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )


def elsewhere(work):
    from threading import Thread

    from django.db import connection as own

    def run():
        work()
        own.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
