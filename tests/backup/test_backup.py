"""A backup and what it holds: all comes back as it was, from any store and onto the other database."""

import os
import tarfile
from pathlib import Path

import pytest
from django.db import connection
from running import free_port

from milepost.backup import archive, loading, making, moving, restoring
from milepost.config import environment
from milepost.core import blobs
from milepost.core.blobs.folder import Folder
from milepost.core.blobs.removing import remove_unused
from milepost.journal import sealing, second_memory
from milepost.journal.models import Entry
from milepost.journal.verification import verify
from milepost.notices.models import Notice
from milepost.people.models import Member
from tests.backup.steps import (
    backup,
    elsewhere,
    everything,
    milepost,
    of_files,
    other_database,
    quietly,
    refused_to_change,
    restore,
)
from tests.conftest import postgresql_database
from tests.worlds import make_member


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


@of_files
def test_a_file_that_is_lost_is_told_and_all_else_is_kept(world, tmp_path):
    type(world.organisation).objects.update(logo="ab" * 32)
    made = backup(tmp_path / "all.tar")
    assert made.lost == [f"{world.organisation.uid}/{'ab' * 32}"]
    assert restore(tmp_path / "all.tar", replaces=True).findings == []


@of_files
def test_nothing_is_written_over_and_nothing_half_written_stays(world, tmp_path, monkeypatch):
    (tmp_path / "there").write_text("mine")
    with pytest.raises(making.BackupRefused, match="exists already"):
        backup(tmp_path / "there")
    monkeypatch.setattr(making, "_about", lambda _tables: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup(tmp_path / "new")
    assert not list(tmp_path.glob("new*"))


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


def test_a_database_of_postgresql_is_not_moved(world):
    if connection.vendor != "postgresql":
        pytest.skip("asks that of PostgreSQL")
    with pytest.raises(moving.MoveRefused, match="no SQLite"):
        moving.move("postgresql://localhost/x", progress=quietly)


def test_without_a_passphrase_and_without_a_terminal_nothing_is_written_unencrypted(tmp_path):
    asked = milepost(tmp_path / "data", "backup", "--encrypt", tmp_path / "all.age")
    assert (asked.returncode, "set MILEPOST_BACKUP_PASSPHRASE" in asked.stderr) == (1, True)
    assert not list(tmp_path.glob("all.age*"))
