"""Where a backup is put back: never under a running server nor over somebody's rows, whole whatever kills it."""

import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from milepost.anchors import witnessing
from milepost.anchors.models import WitnessedLog
from milepost.backup import loading, making, restoring
from milepost.config import schema
from milepost.core import clock, links
from milepost.core.blobs import references
from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.evidence.auditing import Invitation, invite_auditor
from milepost.journal import sealing
from milepost.journal.verification import verify
from milepost.notices.models import Notice
from milepost.people.models import OrganisationSetting
from tests.backup.steps import backup, elsewhere, everything, of_files, restore
from tests.dying import KILLED, in_child
from tests.worlds import make_member


@contextmanager
def somebody_else():
    """A server that has the database open."""
    if connection.vendor == "postgresql":
        import psycopg

        options = connection.get_connection_params()
        with psycopg.connect(
            **{name: options[name] for name in ("dbname", "user", "host", "port", "application_name")}
        ):
            yield
    else:
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
            other.execute("SELECT count(*) FROM people_member").fetchone()
            yield


def test_nothing_is_put_back_under_a_running_server(world, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "PATIENCE", 0.2)
    backup(tmp_path / "all.tar")
    make_member(world.organisation, "later")
    before = everything()
    with somebody_else(), pytest.raises(loading.InUse, match="Stop it"):
        restore(tmp_path / "all.tar", replaces=True)
    assert everything() == before
    assert restore(tmp_path / "all.tar", replaces=True).people == 2
    with somebody_else():  # who may come again
        pass


def test_a_database_of_an_earlier_version_that_holds_something_is_left_as_it_is(world, tmp_path):
    backup(tmp_path / "all.tar")
    MigrationExecutor(connection).migrate([("learning", "0001_initial")])
    before = applied()
    with pytest.raises(loading.NotEmpty):
        restore(tmp_path / "all.tar")
    assert applied() == before


def applied():
    return set(MigrationRecorder(connection).applied_migrations())


def test_a_database_of_somebody_else_is_not_empty(world, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE a_users (id integer)")
        cursor.execute("INSERT INTO a_users VALUES (1)")
    with pytest.raises(loading.NotEmpty, match="a_users"):
        loading.refuse_unless_empty()


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(world, tmp_path, monkeypatch):
    """Of the one in which an organisation's rules for sessions had a table of their own, and dossiers said when they were seen."""
    sealing.seal(world.organisation.pk)
    before = everything()
    MigrationExecutor(connection).migrate([("classroom", "0002_dated"), ("evidence", "0003_told_by_notices")])
    loader = MigrationLoader(connection)
    earlier = loader.project_state(list(loader.applied_migrations)).apps
    earlier.get_model("classroom", "Rules").objects.create(organisation_id=world.organisation.pk, remind_before=30)
    with monkeypatch.context() as then:
        then.setattr(making, "apps", earlier)
        then.setattr(references, "apps", earlier)
        backup(tmp_path / "all.tar")

    holdings = restore(tmp_path / "all.tar", replaces=True)
    assert (holdings.people, holdings.findings, schema.is_behind()) == (2, [], False)
    assert OrganisationSetting.objects.get(name="remind_before").value == 30
    theirs = {"people_organisationsetting", "django_content_type", "auth_permission"}
    assert {name: rows for name, rows in everything().items() if name not in theirs} == {
        name: rows for name, rows in before.items() if name not in theirs
    }


def test_another_secret_in_the_environment_is_refused_and_the_one_of_the_backup_put_beside(
    world, tmp_path, data, monkeypatch, settings
):
    backup(tmp_path / "all.tar")
    made_under = settings.SECRET_KEY
    monkeypatch.setenv("MILEPOST_SECRET_KEY", "y" * 50)
    settings.SECRET_KEY = "y" * 50
    with pytest.raises(restoring.OtherSecret, match="MILEPOST_SECRET_KEY_FALLBACKS"):
        restore(tmp_path / "all.tar", replaces=True)
    assert (data / "secret-key-of-backup").read_text().strip() == made_under
    settings.SECRET_KEY_FALLBACKS = [made_under]
    assert restore(tmp_path / "all.tar", replaces=True).findings == []
    assert not (data / "secret-key-of-backup").exists()


@of_files
def test_what_is_remembered_of_later_seals_is_put_aside(world, tmp_path, data):
    sealing.seal(world.organisation.pk)
    shutil.rmtree(data / "seals")  # another host sealed
    backup(tmp_path / "all.tar")
    make_member(world.organisation, "later", roles=["author"])
    sealing.seal(world.organisation.pk)
    restore(tmp_path / "all.tar", replaces=True)
    assert verify(world.organisation.pk).finding is None


@of_files
def test_a_restored_copy_cosigns_the_logs_of_others_with_another_key(world, tmp_path):
    """It may not know all that was signed since the backup."""
    before = witnessing.witness_key()
    WitnessedLog.objects.create(origin="log.example/other", size=5, root=bytes(32), note="…")
    backup(tmp_path / "all.tar")
    restore(tmp_path / "all.tar", replaces=True)
    assert not WitnessedLog.objects.exists()
    after = witnessing.witness_key()
    assert (after.name, bytes(after.public) != bytes(before.public)) == (before.name, True)


@pytest.mark.parametrize(
    ("module", "name"), [(restoring, "_hold_against"), (restoring, "_place"), (loading, "_advance")]
)
def test_killed_at_any_step_the_database_is_as_it_was_and_the_next_one_puts_all_back(world, tmp_path, module, name):
    backup(tmp_path / "all.tar")
    kept = everything()
    make_member(world.organisation, "later")
    before = everything()
    connections.close_all()
    step = getattr(module, name)

    def dies(*args):
        step(*args)
        os._exit(KILLED)

    def life():
        setattr(module, name, dies)
        restore(tmp_path / "all.tar", replaces=True)

    assert in_child(life) == KILLED
    assert everything() == before
    assert make_member(world.organisation, "next")  # keys go on where they were
    connections.close_all()
    restore(tmp_path / "all.tar", replaces=True)
    assert everything() == kept


def test_a_full_disk_is_told_as_such_and_changes_nothing(world, tmp_path):
    if connection.vendor == "postgresql":
        pytest.skip("its disk is another host's")
    said = {"organisation": world.organisation, "kind": "x", "address": "x"}
    Notice.objects.bulk_create(Notice(recipient=f"{number}", **said) for number in range(2_000))
    backup(tmp_path / "all.tar")
    Notice.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        before = everything()
        cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(OperationalError, match="full") as trouble:
            restore(tmp_path / "all.tar", replaces=True)
        cursor.execute("PRAGMA max_page_count = 0x7fffffff")
    assert "full" in schema.why_it_failed(trouble.value)
    assert everything() == before


def test_what_was_under_way_goes_on_in_the_restored_copy(world, visit, tmp_path, mailoutbox):
    """A session, a personal link, a job whose worker is gone, a mail of which nobody knows whether it arrived."""
    browser = visit(world.learner)
    token = links.token("hold", world.organisation.uid)
    now = clock.now()
    Job.objects.create(
        task="milepost.notices.jobs.forget", queue="mail", key="mine", state="running", worker="gone:7:mail-1",
        enqueued_at=now, run_after=now, leased_until=now, attempts=1,
    )  # fmt: skip
    today = clock.today()
    invitation = Invitation("Ines", "ines@funds.example", today, today + timedelta(days=2))
    invite_auditor(organisation=world.organisation, invitation=invitation, by=world.lead)
    Notice.objects.update(state="sending", leased_by=uuid4(), leased_until=now, handed_over_at=now)
    backup(tmp_path / "all.tar")
    Session.objects.all().delete()
    Notice.objects.all().delete()
    Job.objects.all().delete()

    restore(tmp_path / "all.tar", replaces=True)
    seen = []
    elsewhere(lambda: seen.append(browser.get("/aldermoor/").status_code))  # in no thread that knows another database
    assert seen == [200]
    assert links.uid_in(token, "hold") == world.organisation.uid
    with clock.at(now + timedelta(minutes=3)):
        run_all()
    with clock.at(now + timedelta(minutes=5)):
        run_all()
    assert not Job.objects.filter(key="mine").exists()
    assert len(mailoutbox) == 1
    assert Notice.objects.get().may_be_twice
