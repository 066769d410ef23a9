"""A small company in a database and a data folder of the test's own."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from milepost.backup import age
from milepost.learning.enrolling import enrol
from milepost.people.models import Organisation
from tests.backup.steps import other_database
from tests.worlds import SMALL_COURSE, World, make_course, make_member


@pytest.fixture(autouse=True)
def data(settings, tmp_path, monkeypatch):
    """A data folder of the test's own, whose secret lies in it; scrypt as cheap as it gets."""
    from dataclasses import replace

    monkeypatch.setattr(age, "WORK", 4)
    monkeypatch.delenv("MILEPOST_SECRET_KEY")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "secret-key").write_text(settings.SECRET_KEY)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, data=folder)
    return folder


@pytest.fixture
def world(django_db_setup, django_db_blocker, own_database, tmp_path):
    """A small company in a database of the test's own, in which transactions end."""
    url = own_database.get("MILEPOST_DATABASE_URL", f"sqlite:///{tmp_path / 'milepost.sqlite3'}")
    with django_db_blocker.unblock(), other_database(url):
        MigrationExecutor(connection).migrate([("visits", "0001_initial")])  # a room of the tests alone
        organisation = Organisation.objects.get()
        lead, learner = make_member(organisation, "claire", roles=["lead", "owner"]), make_member(organisation, "jonas")
        course = make_course(organisation, SMALL_COURSE, by=lead)
        yield World(organisation, lead, learner, course, enrol(member=learner, course=course, by=lead))
