"""A backup, what it holds, and putting it back: on either database, and onto the other one."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import dj_database_url
import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from running import free_port

from milepost.anchors import witnessing
from milepost.anchors.models import WitnessedLog
from milepost.backup import age, archive, loading, making, moving, reading, restoring
from milepost.config import environment, schema
from milepost.core import blobs, clock, links
from milepost.core.blobs.folder import Folder
from milepost.core.blobs.removing import remove_unused
from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.evidence.auditing import Invitation, invite_auditor
from milepost.journal import sealing, second_memory
from milepost.journal.models import Entry
from milepost.journal.verification import verify
from milepost.learning.enrolling import enrol
from milepost.notices.models import Notice
from milepost.people.models import Member, Organisation, OrganisationSetting
from tests.conftest import postgresql_database
from tests.dying import KILLED, in_child
from tests.worlds import SMALL_COURSE, World, make_course, make_member


class Bar:
    def update(self, _count):
        pass


@contextmanager
def quietly(_label, _length):
    yield Bar()


# It is about files, and the same whatever database they come from.
of_files = pytest.mark.each_day_on("sqlite")


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


def test_everything_comes_back_as_it_was_and_verifies(world, tmp_path, data):
    digest = blobs.store(world.organisation.uid, b"a logo")
    type(world.organisation).objects.update(logo=digest)
    sealing.seal(world.organisation.pk)
    before, path = everything(), tmp_path / "all.tar"
    assert backup(path, passphrase="correct horse").lost == []
    assert path.stat().st_mode & 0o077 == 0

    make_member(world.organisation, "later")
    sealing.seal(world.organisation.pk)
    (data / "secret-key").write_text("another secret altogether " * 2)
    blobs.default_storage.delete(blobs.path_of(world.organisation.uid, digest))
    with pytest.raises(loading.NotEmpty):
        restore(path, passphrase="correct horse")
    holdings = restore(path, passphrase="correct horse", replaces=True)

    assert (holdings.organisations, holdings.findings) == (["aldermoor"], [])
    assert (holdings.people, holdings.facts) == (Member.objects.count(), Entry.objects.count())
    assert everything() == before
    assert verify(world.organisation.pk).finding is None
    assert blobs.read(world.organisation.uid, digest) == b"a logo"
    assert restoring.settings.SECRET_KEY in (data / "secret-key").read_text()
    assert len(list(second_memory.all_of(world.organisation.pk))) == 1
    assert make_member(world.organisation, "next").pk > max(
        Member.objects.order_by("pk").values_list("pk", flat=True)[:2]
    )
    refused_to_change(Entry)


def refused_to_change(model):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        model.objects.update(verb="other")


@of_files
def test_a_file_whose_row_goes_while_files_are_copied_is_in_it_all_the_same(world, tmp_path, monkeypatch):
    organisation = world.organisation
    digest = blobs.store(organisation.uid, b"a logo")
    os.utime(blobs.default_storage.path(blobs.path_of(organisation.uid, digest)), (0, 0))  # stored long ago
    type(organisation).objects.update(logo=digest)
    gather, stays = making.Named.gather, []

    def gather_and_let_go(named):
        gather(named)
        elsewhere(lambda: type(organisation).objects.update(logo=""))
        elsewhere(lambda: stays.append(remove_unused(organisation, [digest])))

    monkeypatch.setattr(making.Named, "gather", gather_and_let_go)
    assert backup(tmp_path / "all.tar").lost == []
    assert stays == [{digest}]
    assert restore(tmp_path / "all.tar", replaces=True).findings == []
    assert type(organisation).objects.get().logo == digest
    assert blobs.read(organisation.uid, digest) == b"a logo"
    type(organisation).objects.update(logo="")
    os.utime(blobs.default_storage.path(blobs.path_of(organisation.uid, digest)), (0, 0))
    assert remove_unused(organisation, [digest]) == set()
    assert not blobs.is_there(organisation.uid, digest)


def elsewhere(work):
    from threading import Thread

    from django.db import connection as own

    def run():
        work()
        own.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


@of_files
def test_a_file_that_is_lost_is_told_and_all_else_is_kept(world, tmp_path):
    type(world.organisation).objects.update(logo="ab" * 32)
    made = backup(tmp_path / "all.tar")
    assert made.lost == [f"{world.organisation.uid}/{'ab' * 32}"]
    assert restore(tmp_path / "all.tar", replaces=True).findings == []


@of_files
def test_a_journal_that_does_not_hold_is_not_put_back_unless_told(world, tmp_path):
    sealing.seal(world.organisation.pk)
    backup(tmp_path / "all.tar")
    rewritten(
        tmp_path / "all.tar", tmp_path / "other.tar", "journal_entry", lambda text: text.replace("Jonas", "Janos")
    )
    before = everything()
    with pytest.raises(restoring.JournalDoesNotHold, match="altered after its seal"):
        restore(tmp_path / "other.tar", replaces=True)
    assert everything() == before
    assert "altered" in restore(tmp_path / "other.tar", replaces=True, despite_findings=True).findings[0]


def rewritten(path, target, table, change):
    """Somebody who knows the format writes other rows and every digest anew."""
    import zlib
    from hashlib import sha256

    from django.apps import apps

    from milepost.backup.tables import Sum, tables

    with target.open("wb") as file:
        writer, digests = archive.Writer(file), {}
        for member, named in reading.read(path, ""):
            content = member.content(1 << 30)
            if named.get("table") == table:
                lines = [change(line.decode()).encode() for line in zlib.decompress(content).splitlines()]
                total = Sum(tables(apps)[table])
                for line in lines:
                    total.add(line)
                content = zlib.compress(b"\n".join(lines) + b"\n")
            if named.get("kind") == "manifest":
                manifest = json.loads(content)
                manifest["members"] = digests
                manifest["tables"][table] = total.as_json()
                content = json.dumps(manifest).encode()
                member.name = f"manifest-{sha256(content).hexdigest()}.json"
            if "digest" not in named:
                digests[member.name] = sha256(content).hexdigest()
            writer.add(member.name, len(content), [content])
        writer.close()


def test_rows_that_do_not_fit_are_refused_with_the_table(world, tmp_path):
    backup(tmp_path / "all.tar")
    before = everything()
    for change, said in (
        (lambda text: "[]", "journal_entry does not take"),
        (lambda text: "[" * 100_000, "journal_entry does not take"),
        (lambda text: text.replace('"20', '"X0'), "journal_entry does not take"),
    ):
        rewritten(tmp_path / "all.tar", tmp_path / "other.tar", "journal_entry", change)
        with pytest.raises(archive.NoBackup, match=said):
            restore(tmp_path / "other.tar", replaces=True)
    rewritten(
        tmp_path / "all.tar",
        tmp_path / "other.tar",
        "people_member",
        lambda text: text.replace(str(world.organisation.pk), "98765"),
    )
    with pytest.raises(archive.NoBackup):
        restore(tmp_path / "other.tar", replaces=True)
    assert everything() == before


@of_files
def test_what_is_cut_off_or_damaged_anywhere_is_refused_and_changes_nothing(world, tmp_path):
    blobs.store(world.organisation.uid, b"a logo")
    path = tmp_path / "all"
    for passphrase in ("", "correct horse"):
        path.unlink(missing_ok=True)
        backup(path, passphrase=passphrase)
        whole = path.read_bytes()
        before = everything()
        for at in range(0, len(whole), len(whole) // 15):
            path.write_bytes(whole[:at])
            with pytest.raises(archive.NoBackup):
                restore(path, passphrase=passphrase, replaces=True)
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(archive.NoBackup):
                reading.check(path, passphrase)
        path.write_bytes(whole + b"more")
        with pytest.raises(archive.NoBackup):
            reading.check(path, passphrase)
        assert everything() == before


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "files/../x", "tables/a/1.jsonl.z", "x"])
def test_no_member_leads_out_of_the_archive_and_no_other_file_is_taken(tmp_path, name):
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(archive.NoBackup):
        reading.check(tmp_path / "other.tar", "")


def test_links_and_long_names_are_refused(tmp_path):
    for kind in (tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        info = tarfile.TarInfo("about.json")
        info.type, info.linkname = kind, "/etc/passwd"
        (tmp_path / "other.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + archive.END)
        with pytest.raises(archive.NoBackup):
            reading.check(tmp_path / "other.tar", "")


def test_a_bomb_goes_no_further_than_the_most_that_a_part_may_be(monkeypatch):
    import zlib

    monkeypatch.setattr(reading, "MOST_PART", 1000)
    bomb = zlib.compress(b"[]\n" * 100_000)
    with pytest.raises(archive.DamagedBackup):
        reading.lines(archive.Member("tables/x/000000.jsonl.z", len(bomb), iter([bomb])))


@of_files
def test_a_backup_of_a_newer_version_is_refused(world, tmp_path, monkeypatch):
    MigrationRecorder(connection).record_applied("journal", "9999_not_known_here")
    try:
        backup(tmp_path / "all.tar")
    finally:
        MigrationRecorder(connection).record_unapplied("journal", "9999_not_known_here")
    with pytest.raises(loading.NewerState, match="9999_not_known_here"):
        restore(tmp_path / "all.tar", replaces=True)


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
def test_nothing_is_written_over_and_nothing_half_written_stays(world, tmp_path, monkeypatch):
    (tmp_path / "there").write_text("mine")
    with pytest.raises(making.BackupRefused, match="exists already"):
        backup(tmp_path / "there")
    monkeypatch.setattr(making, "_about", lambda _tables: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup(tmp_path / "new")
    assert not list(tmp_path.glob("new*"))


def assembled(path, **changed):
    """A small backup that is whole, with some of what it says of itself changed."""
    from hashlib import sha256

    about = {
        "format": reading.FORMAT,
        "version": "0",
        "made_at": "2026",
        "database": "sqlite",
        "migrations": [],
        "tables": {},
    }
    parts = {"about": about | changed, "secrets": {"secret": "x", "earlier": []}}
    digests = {f"{name}.json": sha256(json.dumps(part).encode()).hexdigest() for name, part in parts.items()}
    files = {"count": 0, "bytes": 0, "names": sha256().hexdigest(), "lost": changed.get("lost", [])}
    manifest = json.dumps({"members": digests, "tables": {}, "files": files}).encode()
    with path.open("wb") as file:
        writer = archive.Writer(file)
        for name, part in parts.items():
            for _time in range(changed.get("times", 1) if name == "secrets" else 1):
                writer.add(f"{name}.json", len(json.dumps(part)), [json.dumps(part).encode()])
        writer.add(f"manifest-{sha256(manifest).hexdigest()}.json", len(manifest), [manifest])
        writer.close()


@pytest.mark.parametrize(
    "changed", [{"database": 5}, {"made_at": None}, {"version": "1\x1b[2J"}, {"migrations": [["a"]]}, {"lost": [1]}, {"times": 2}]
)  # fmt: skip
def test_what_it_says_of_itself_is_checked_before_anybody_reads_it(tmp_path, changed):
    assembled(tmp_path / "some.tar")
    assert reading.check(tmp_path / "some.tar", "").rows == 0
    assembled(tmp_path / "other.tar", **changed)
    with pytest.raises(archive.NoBackup):
        reading.check(tmp_path / "other.tar", "")


def test_a_backup_in_the_form_of_another_version_is_told_so(tmp_path):
    assembled(tmp_path / "other.tar", format="milepost-backup/2")
    with pytest.raises(reading.OtherFormat, match="another version"):
        reading.check(tmp_path / "other.tar", "")


@of_files
def test_damage_among_the_rows_is_told_as_damage(world, tmp_path):
    path = tmp_path / "all.tar"
    backup(path)
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        at = next(member.offset_data for member in tar if member.name.startswith("tables/journal_entry/"))
    path.write_bytes(whole[: at + 9] + bytes([whole[at + 9] ^ 1]) + whole[at + 10 :])
    with pytest.raises(archive.DamagedBackup):
        reading.check(path, "")


def test_a_file_of_nine_gigabytes_has_its_place_in_the_tar(tmp_path):
    name, size = f"files/{'0' * 36}/{'a' * 64}", 9 << 30
    with (tmp_path / "large.tar").open("wb") as file:
        file.write(archive._header(name, size))
        file.seek(size, os.SEEK_CUR)  # a hole
        writer = archive.Writer(file)
        writer.add("about.json", 2, [b"{}"])
        writer.close()
    with tarfile.open(tmp_path / "large.tar") as tar:
        assert [(member.name, member.size) for member in tar] == [(name, size), ("about.json", 2)]
    with (tmp_path / "large.tar").open("rb") as file:
        member = next(archive.members(file))
        assert (member.name, member.size) == (name, size)


def test_a_file_that_the_disk_does_not_give_is_lost_and_a_store_that_is_away_ends_the_backup(
    world, tmp_path, monkeypatch
):
    organisation = world.organisation
    digest = blobs.store(organisation.uid, b"a logo")
    type(organisation).objects.update(logo=digest)
    place = Path(blobs.default_storage.path(blobs.path_of(organisation.uid, digest)))
    place.unlink()
    place.mkdir()  # no disk error is easier to have
    assert backup(tmp_path / "all.tar").lost == [f"{organisation.uid}/{digest}"]

    def away(*_place):
        raise OSError("the store does not answer")
        yield

    monkeypatch.setattr(Folder, "stream", away)
    with pytest.raises(OSError, match="does not answer"):
        backup(tmp_path / "other.tar")
    assert not (tmp_path / "other.tar").exists()


def test_text_that_is_no_unicode_is_kept_where_the_database_keeps_it(world, tmp_path):
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL keeps none")
    Notice.objects.create(
        organisation=world.organisation, kind="x", recipient="x", address="x", data={"said": "\ud800"}
    )
    before = everything()
    backup(tmp_path / "all.tar")
    restore(tmp_path / "all.tar", replaces=True)
    assert everything() == before


# --- Where it is put back -----------------------------------------------------------------------------------


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
    monkeypatch.setattr(making, "apps", earlier)
    backup(tmp_path / "all.tar")

    holdings = restore(tmp_path / "all.tar", replaces=True)
    assert (holdings.people, holdings.findings, schema.is_behind()) == (2, [], False)
    assert OrganisationSetting.objects.get(name="remind_before").value == 30
    theirs = {"people_organisationsetting", "django_content_type", "auth_permission"}
    assert {name: rows for name, rows in everything().items() if name not in theirs} == {
        name: rows for name, rows in before.items() if name not in theirs
    }


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


# --- Files in an S3-compatible store ------------------------------------------------------------------------


@of_files
def test_files_go_from_a_bucket_into_a_folder_and_from_there_into_a_bucket(store, world, tmp_path, settings):
    organisation, in_bucket = world.organisation, settings.STORAGES
    in_folder = in_bucket | {
        "default": {"BACKEND": "milepost.core.blobs.folder.Folder", "OPTIONS": {"location": str(tmp_path / "files")}}
    }
    digest = blobs.store(organisation.uid, b"a logo" * 1_000_000)
    type(organisation).objects.update(logo=digest)
    sealing.seal(organisation.pk)
    made = backup(tmp_path / "all.tar")
    assert made.lost == []
    for place in (in_folder, in_bucket):
        store.objects.all().delete()
        settings.STORAGES = place
        assert restore(tmp_path / "all.tar", replaces=True).findings == []
        assert blobs.read(organisation.uid, digest) == b"a logo" * 1_000_000
    assert len(list(store.objects.all())) == made.files


@of_files
def test_a_bucket_that_is_away_ends_the_backup_in_words(world, settings, tmp_path):
    variables = {
        "MILEPOST_DATA": str(tmp_path),
        "MILEPOST_FILES": f"s3://key:secret@127.0.0.1:{free_port()}/bucket?tls=no",
    }
    settings.STORAGES = settings.STORAGES | {"default": environment.read(variables).files}
    type(world.organisation).objects.update(logo="ab" * 32)
    with pytest.raises(OSError, match="Could not connect"):
        backup(tmp_path / "all.tar")
    assert not (tmp_path / "all.tar").exists()


# --- Onto the other database --------------------------------------------------------------------------------


def test_what_postgresql_holds_goes_to_sqlite_and_back(world, tmp_path, settings):
    """Restored elsewhere, then moved; each step verifies what it did, and a second one is refused."""
    if connection.vendor != "postgresql":
        pytest.skip("needs both databases")
    sealing.seal(world.organisation.pk)
    backup(tmp_path / "all.tar")
    before = everything()
    run = lambda *words: milepost(tmp_path / "elsewhere", *words)  # noqa: E731
    assert "Every row, file, proof and seal holds" in run("restore", tmp_path / "all.tar").stdout
    with postgresql_database() as url:
        assert "the journal holds" in run("move", "--to", url).stdout
        again = run("move", "--to", url)
        assert (again.returncode, "not empty" in again.stderr) == (1, True)
        with other_database(url):
            assert everything() == before
            refused_to_change(Entry)


def milepost(folder, *words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")} | {
        "MILEPOST_DATA": str(folder),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "-m", "milepost.cli", *map(str, words)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )


def test_a_database_of_postgresql_is_not_moved(world):
    if connection.vendor != "postgresql":
        pytest.skip("asks that of PostgreSQL")
    with pytest.raises(moving.MoveRefused, match="no SQLite"):
        moving.move("postgresql://localhost/x", progress=quietly)


def test_without_a_passphrase_and_without_a_terminal_nothing_is_written_unencrypted(tmp_path):
    asked = milepost(tmp_path / "data", "backup", "--encrypt", tmp_path / "all.age")
    assert (asked.returncode, "set MILEPOST_BACKUP_PASSPHRASE" in asked.stderr) == (1, True)
    assert not list(tmp_path.glob("all.age*"))
