"""What all tests share: a temporary data folder, an organisation with people, a small published course."""

import gc
import os
import tempfile
import zlib
from pathlib import Path
from uuid import UUID

os.environ.setdefault("MILEPOST_DATA", tempfile.mkdtemp(prefix="milepost-tests-"))
os.environ.setdefault("MILEPOST_SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from django.test import Client
from django.utils import timezone, translation
from hypothesis import settings as hypothesis_settings

from tests import prepared_databases
from tests.authority import authority_in
from tests.thorough import IS_THOROUGH
from tests.worlds import SMALL_COURSE, World, make_course, make_lead, make_member, make_organisation

pytest_plugins = ["tests.processor_time"]
ROOMS = Path(__file__).parent / "src"
gc.disable()  # until all is loaded

# How long an example takes says how busy the machine is: a busy one must not fail a law that holds.
hypothesis_settings.register_profile("milepost", deadline=None)
hypothesis_settings.load_profile("milepost")


def pytest_collection_finish(session):
    """What was loaded stays to the end: it is not looked through again and again for what nobody uses (a twelfth of all time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


def pytest_addoption(parser):
    parser.addoption("--share", action="store_true", help="Of tests that need one database only, take this one's.")


def pytest_collection_modifyitems(config, items):
    """With `--share`, what can depend on the database runs on PostgreSQL, and on SQLite as much as is worth it; the rest once."""
    if config.getoption("share"):
        vendor = connection.vendor
        dropped = [item for item in items if only_database_of(item) not in (None, vendor)]
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if only_database_of(item) in (None, vendor)]


def only_database_of(item) -> str | None:
    """Where a test runs that says so by a mark, or asks for no database and so gets none; None: on both.

    Of a room’s tests and of the races, a fifth runs on SQLite each day, which takes nearly all that PostgreSQL takes, and is what
    a room’s tests run on while somebody works on it; the same fifth every day, so that a failure can be had again.
    """
    if mark := item.get_closest_marker("one_database"):
        return mark.args[0]
    if not IS_THOROUGH and (mark := item.get_closest_marker("each_day_on")):
        return mark.args[0]
    asks = item.get_closest_marker("django_db") or {"db", "transactional_db", "prepared_environment"}.intersection(
        item.fixturenames
    )
    if not asks:
        return "sqlite"
    is_shared = item.path.is_relative_to(ROOMS) or item.get_closest_marker("mostly_on_postgresql")
    return "postgresql" if is_shared and not IS_THOROUGH and zlib.crc32(item.nodeid.encode()) % 5 else None


@pytest.fixture(scope="session", autouse=True)
def _no_group_is_killed():
    """A signal to process 0 reaches everybody up to the `make` that runs the tests: who looks for a process and finds none fails."""
    kill = os.kill

    def kill_one(pid, number):
        if pid <= 0:
            raise ValueError(f"{pid} means a group of processes (kill(2))")
        kill(pid, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "kill", kill_one)
        yield


@pytest.fixture(scope="session")
def private_key():
    """One key for all tests: making one takes longer than most of them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_createdb):
    """The database is migrated once for each state of the migrations, not once a run; `--create-db` migrates anew."""
    if not django_db_createdb:
        prepared_databases.use()


@pytest.fixture(autouse=True)
def _quick_and_plain(settings, tmp_path, private_key, monkeypatch):
    """No hashed static files, cheap passwords, mails in memory, files in a folder of the test's own that wait for no disk."""
    settings.STORAGES = {
        "default": {
            "BACKEND": "milepost.core.blobs.folder.Folder",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    from django.core.cache import cache

    from milepost.courses import media, outline
    from milepost.journal import chaining, keys

    monkeypatch.setattr(keys, "_new_private_key", lambda: private_key)
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # tests kill processes, never the machine

    translation.activate(settings.LANGUAGE_CODE)  # whatever the test before left
    cache.clear()
    chaining.begin_anew()  # what the test before wrote is gone
    outline.outline_of.cache_clear()
    outline.content_of.cache_clear()
    media.media_of_version.cache_clear()


@pytest.fixture
def elsewhere(monkeypatch):
    """Numbers that are no organisation of the database belong to somebody elsewhere, who has keys and a journal too."""
    from milepost.journal import organisations
    from milepost.journal.organisations import Identity

    known = organisations._ask

    def ask(number):
        try:
            return known(number)
        except LookupError:
            return Identity(number, UUID(int=number), f"Organisation {number}")

    monkeypatch.setattr(organisations, "_ask", ask)


@pytest.fixture
def organisation(db):
    """An organisation whose zone is the active one, as in a request: a test that says "today" means its day."""
    with timezone.override("Europe/Paris"):
        yield make_organisation()


@pytest.fixture
def lead(organisation):
    return make_lead(organisation)


@pytest.fixture
def learner(organisation):
    return make_member(organisation, "jonas")


@pytest.fixture
def course(organisation, lead):
    return make_course(organisation, SMALL_COURSE, by=lead)


@pytest.fixture
def enrolment(course, learner, lead):
    from milepost.learning.enrolling import enrol

    return enrol(member=learner, course=course, by=lead)


@pytest.fixture
def visit():
    """Sign somebody in: `visit(member)` is a browser without a screen, which has come into the organisation before."""

    def sign_in(member) -> Client:
        from milepost.people.sessions import enter

        client = Client()
        client.force_login(member.user)
        enter(client.session, member)
        return client

    return sign_in


@pytest.fixture
def world(organisation, lead, learner, course, enrolment) -> World:
    return World(organisation, lead, learner, course, enrolment)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A time-stamping authority at its address, with its folder (RFC 3161)."""
    folder = tmp_path_factory.mktemp("tsa")
    with authority_in(folder) as address:
        yield address, folder
