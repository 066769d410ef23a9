"""A backup, what it holds, and putting it back: on either database, and onto the other one."""

import base64
import io
import json
import os
import subprocess
import sys
import tarfile
from contextlib import contextmanager

import dj_database_url
import pytest
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from hypothesis import given
from hypothesis import strategies as st

from milepost.backup import age, archive, loading, making, reading, restoring
from milepost.core import blobs
from milepost.core.blobs.removing import remove_unused
from milepost.journal import sealing, witnesses
from milepost.journal.models import Entry
from milepost.journal.verification import verify
from milepost.learning.enrolling import enrol
from milepost.people.models import Member, Organisation
from tests.conftest import postgresql_database
from tests.worlds import SMALL_COURSE, World, make_course, make_member


class Bar:
    def update(self, _count):
        pass


@contextmanager
def quietly(_label, _length):
    yield Bar()


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
    assert len(list(witnesses.all_of(world.organisation.pk))) == 1
    assert make_member(world.organisation, "next").pk > max(
        Member.objects.order_by("pk").values_list("pk", flat=True)[:2]
    )
    refused_to_change(Entry)


def refused_to_change(model):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        model.objects.update(verb="other")


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


def test_a_file_that_is_lost_is_told_and_all_else_is_kept(world, tmp_path):
    type(world.organisation).objects.update(logo="ab" * 32)
    made = backup(tmp_path / "all.tar")
    assert made.lost == [f"{world.organisation.uid}/{'ab' * 32}"]
    assert restore(tmp_path / "all.tar", replaces=True).findings == []


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


def test_a_backup_of_a_newer_version_is_refused(world, tmp_path, monkeypatch):
    from django.db.migrations.recorder import MigrationRecorder

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


def test_nothing_is_written_over_and_nothing_half_written_stays(world, tmp_path, monkeypatch):
    (tmp_path / "there").write_text("mine")
    with pytest.raises(making.BackupRefused, match="exists already"):
        backup(tmp_path / "there")
    monkeypatch.setattr(making, "_about", lambda _tables: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup(tmp_path / "new")
    assert not list(tmp_path.glob("new*"))


# --- The passphrase: the age format -------------------------------------------------------------------------

# Made with another program (pyrage 1, on rage): “what was kept” under “correct horse”.
ELSEWHERE = (
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBXTk0yRzAyRStBM2FwOFBNaEUrSTZ3IDE5CkxQVWJCd0NrYkppcjAzanE1U1VsTndjVzJzZTNL"
    "U0cwWXlGYm42V0NuZWcKLS0tIDQ0WDdXc2FkY2RxOEIyVnFTaE55dm1rTlMxanBDR3JnRWFxNFFBOFNTcDgK+Xj/dcreIJZmScFkCizXXuLuW7DrCqpb"
    "kFSEYZ6uyEBdnzr56HWUY1skYpXS"
)


def test_what_another_program_encrypted_is_read():
    assert age.Decrypting(io.BytesIO(base64.b64decode(ELSEWHERE)), "correct horse").read(100) == b"what was kept"


@given(st.lists(st.integers(0, 3 * age.CHUNK // 2), max_size=4), st.integers(1, 100_000))
def test_what_goes_in_encrypted_comes_out_however_it_is_cut(lengths, step):
    sealed = io.BytesIO()
    writing = age.Encrypting(sealed, "é")
    for length in lengths:
        writing.write(b"x" * length)
    writing.close()
    sealed.seek(0)
    opened, content = age.Decrypting(sealed, "é"), b""
    while part := opened.read(step):
        content += part
    assert content == b"x" * sum(lengths)


@given(st.data())
def test_an_encrypted_file_that_was_touched_is_never_taken(data):
    sealed = io.BytesIO()
    writing = age.Encrypting(sealed, "correct horse")
    writing.write(b"x" * 70_000)
    writing.close()
    whole = bytearray(sealed.getvalue())
    at = data.draw(st.integers(0, len(whole) - 1))
    touched = whole[:at] if data.draw(st.booleans()) else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    with pytest.raises(archive.NoBackup):
        opened = age.Decrypting(io.BytesIO(bytes(touched)), "correct horse")
        assert len(opened.read(100_000)) == 70_000
        raise archive.NoBackup if touched[:60] != whole[:60] else AssertionError


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
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
