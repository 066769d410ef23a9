"""A backup that is cut off, touched, made by somebody hostile or by another version is refused in words, and changes nothing."""

import io
import json
import tarfile

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from milepost.backup import archive, loading, reading, restoring
from milepost.core import blobs
from milepost.journal import sealing
from tests.backup.steps import (
    backup,
    everything,
    of_files,
    restore,
)


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
