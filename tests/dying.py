"""A process that dies at every commit in turn, and what is there once others have gone on.

    main("closing a half-day")      # one of `tests.stories` or `tests.stories_of_papers`; in a process with a database of its own

The story's world is made once. Then, for n = 1, 5, 9 …: the database is put back, a child process lives the story and
is gone, as by kill -9, just before its n-th commit; another one presses again, does what waits, and counts. This ends
with the first child that comes through alive. Commits of nothing but jobs' own rows are not counted among the n.
"""

import itertools
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.urls import get_resolver

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.logs import redacted
from milepost.core.models import Job
from milepost.core.refusals import Refused

KILLED = 9
SLOW_TO_IMPORT = (
    "milepost.documents.sealing",
    "milepost.documents.signature_fields",
    "milepost.journal.timestamp_authority",
)


def main(name: str, *, is_thorough: bool = False) -> None:
    from tests import stories, stories_of_papers

    for module in SLOW_TO_IMPORT:  # once here, and not in every child
        import_module(module)
    redacted("/")  # which knows every address of the house
    get_resolver().reverse_dict  # noqa: B018 (filled in when it is asked for)
    story = (stories.STORIES | stories_of_papers.STORIES)[name]
    # Nothing is done in this process itself: a child must not inherit a library's threads half-way.
    assert in_child(story.make) == 0, f"{name}: its world"
    keep()
    for number in itertools.count(*which(all_of_them=is_thorough)):
        put_back()
        if in_child(lambda at=number: (dies_at(at), story.live(), work())) == 0:
            break
        assert in_child(lambda: (again(story.live), work(late=True), story.count())) == 0, (
            f"{name}: killed before commit {number}"
        )
    print(f"{name}: {number - 1} commits")


def which(*, all_of_them: bool) -> tuple[int, int]:
    """The first commit to be killed before, and how far it is to the next."""
    return (1, 1) if all_of_them else (1, 4)


def in_child(life: Callable[[], object]) -> int:
    """The exit status of a child that lives so."""
    child = os.fork()
    if not child:
        try:
            life()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def again(live: Callable[[], object]) -> None:
    """Whoever saw no answer presses again; what was done already is refused."""
    with suppress(Refused):
        live()


def work(*, late: bool = False) -> None:
    """What the background does until nothing waits; `late` enough that the leases of the dead have run out."""
    start = clock.now() + timedelta(minutes=2 if late else 0)
    for turn in range(12):
        with clock.at(start + timedelta(minutes=15 * turn if late else 0, seconds=turn)):
            run_all()
        if turn > 2 and not Job.objects.filter(seconds=None).exists():
            return
    raise AssertionError(f"There is still work: {list(Job.objects.filter(seconds=None))}")


def dies_at(number: int) -> None:
    """Be gone just before the commit of this number from now on."""
    state = {"commits": 0, "writes": False}
    commit = BaseDatabaseWrapper._commit

    def count() -> None:
        state["commits"] += 1
        if state["commits"] == number:
            os._exit(KILLED)

    def counting_commit(self: BaseDatabaseWrapper) -> None:
        if state["writes"]:
            count()
        state["writes"] = False
        commit(self)

    def watching(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        is_write = sql.startswith(("INSERT", "UPDATE", "DELETE")) and '"core_job"' not in sql
        if is_write and not connection.in_atomic_block:
            count()
        state["writes"] = (state["writes"] or is_write) and connection.in_atomic_block
        return execute(sql, params, many, context)

    BaseDatabaseWrapper._commit = counting_commit
    connection.execute_wrappers.append(watching)


# --- The database, as it was before the story ---------------------------------------------------------------


def keep() -> None:
    """Remember the database as it is, and the memory of its seals."""
    if _seals().exists():
        shutil.copytree(_seals(), _seals().with_name("seals.kept"))
    if connection.vendor == "postgresql":
        _administer(f'CREATE DATABASE "{_name()}_kept" TEMPLATE "{_name()}"')
    else:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections.close_all()
        shutil.copy(_name(), f"{_name()}.kept")


def put_back() -> None:
    """Have the database, and the memory of its seals, as they were when they were kept."""
    connections.close_all()
    shutil.rmtree(_seals(), ignore_errors=True)
    if _seals().with_name("seals.kept").exists():
        shutil.copytree(_seals().with_name("seals.kept"), _seals())
    if connection.vendor == "postgresql":
        _administer(f'DROP DATABASE "{_name()}" WITH (FORCE)', f'CREATE DATABASE "{_name()}" TEMPLATE "{_name()}_kept"')
    else:
        for rest in ("-wal", "-shm"):
            Path(f"{_name()}{rest}").unlink(missing_ok=True)
        shutil.copy(f"{_name()}.kept", _name())


def _seals() -> Path:
    return Path(settings.ENVIRONMENT.data) / "seals"


def _name() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def _administer(*statements: str) -> None:
    import psycopg

    connections.close_all()
    database = settings.DATABASES["default"]
    with psycopg.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as admin:
        for statement in statements:
            admin.execute(statement)
