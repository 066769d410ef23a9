"""Files: there whole or not at all, read as they were stored or told of in words, and healed by storing them again."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.files.base import File
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import blobs, clock
from milepost.core.blobs import checking
from milepost.core.blobs.folder import Folder
from milepost.core.blobs.references import mentions, references, unused

HOME = UUID(int=7)
CONTENT = b"the minutes of the meeting " * 100_000  # more than one chunk


def place(digest: str, organisation: UUID = HOME) -> Path:
    return Path(default_storage.path(blobs.path_of(organisation, digest)))


def left_over() -> list[Path]:
    return [path for path in Path(default_storage.location).rglob("*") if path.is_file()]


@given(parts=st.lists(st.binary(max_size=300), max_size=8))
def test_what_is_read_is_what_was_stored_however_it_came(parts):
    whole = b"".join(parts)
    digest = blobs.store_stream(HOME, parts)
    assert digest == blobs.store(HOME, whole) == sha256(whole).hexdigest()
    assert blobs.read(HOME, digest) == whole
    assert blobs.size_of(HOME, digest) == len(whole)


@given(data=st.data())
def test_a_part_is_the_bytes_asked_for(data):
    first = data.draw(st.integers(0, len(CONTENT)))
    length = data.draw(st.integers(0, len(CONTENT)))
    digest = blobs.store(HOME, CONTENT)
    assert b"".join(blobs.chunks(HOME, digest, first, length)) == CONTENT[first : first + length]


@pytest.mark.parametrize("harm", [CONTENT[:1000], b"", CONTENT[:-1] + b"!", CONTENT + b"!"])
def test_a_damaged_file_is_told_of_and_healed_by_storing_it_again(harm):
    digest = blobs.store(HOME, CONTENT)
    place(digest).write_bytes(harm)
    with pytest.raises(blobs.Damaged, match="damaged on the server"):
        blobs.read(HOME, digest)
    assert blobs.store_stream(HOME, [CONTENT]) == digest
    assert blobs.read(HOME, digest) == CONTENT


def test_nobody_is_ever_given_the_whole_of_a_damaged_file():
    digest = blobs.store(HOME, CONTENT)
    place(digest).write_bytes(CONTENT[:-1] + b"!")
    given = b""
    with pytest.raises(blobs.Damaged):
        for chunk in blobs.chunks(HOME, digest):
            given += chunk
    assert 0 < len(given) < len(CONTENT)


def test_a_file_that_is_not_there_is_told_of():
    with pytest.raises(blobs.Missing, match="not there any more"):
        blobs.read(HOME, "0" * 64)


# --- What happens to machines -----------------------------------------------------------------------------

WRITER = """
import os, signal, resource, sys
from pathlib import Path
from django.conf import settings
settings.configure()
from django.core.files.base import ContentFile
from milepost.core.blobs.folder import Folder
{before}
Folder(location=sys.argv[1]).save("blobs/x", ContentFile(b"x" * 5_000_000))
"""


def write_elsewhere(folder: Path, before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WRITER.format(before=before), str(folder)], capture_output=True, text=True, check=False
    )


def test_a_disk_that_is_full_in_the_middle_leaves_nothing_behind(tmp_path):
    full = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
"""
    done = write_elsewhere(tmp_path, full)
    assert "OSError" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_kill_before_the_file_has_its_name_accepts_nothing(tmp_path):
    done = write_elsewhere(tmp_path, "Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "blobs" / "x").exists()
    assert len(list((tmp_path / "incoming").iterdir())) == 1


def test_the_file_and_its_folders_are_on_the_disk_before_it_is_accepted(tmp_path, monkeypatch):
    done: list[str] = []
    sync = os.fsync

    def fsync(handle):
        done.append("folder" if Path(f"/proc/self/fd/{handle}").resolve().is_dir() else "file")
        sync(handle)

    named = Path.replace
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", lambda self, target: (done.append("named"), named(self, target))[1])
    with (tmp_path / "source").open("w+b") as source:
        Folder(location=tmp_path / "store").save("blobs/a/b", File(source))
    assert done[0] == "file"
    assert done[-2:] == ["named", "folder"]


def test_a_hundred_stores_of_one_content_at_once_are_one_file():
    threads = [threading.Thread(target=blobs.store, args=(HOME, CONTENT)) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (only,) = left_over()
    assert only == place(sha256(CONTENT).hexdigest())
    assert only.read_bytes() == CONTENT


# --- What refers to a file --------------------------------------------------------------------------------


def test_what_refers_to_files_is_read_off_the_models(db):
    named = {f"{reference.model.__name__}.{reference.field.name}" for reference in references()}
    assert {"Organisation.logo", "Course.draft", "Version.files", "Document.annexes", "Piece.digest"} <= named


def test_only_what_no_row_refers_to_is_unused(organisation, course):
    drafted = {digest for digest, _size in course.draft.values()}
    organisation.logo = blobs.store(organisation.uid, b"logo")
    organisation.save()
    nobody = blobs.store(organisation.uid, b"nobody's")
    assert unused(organisation, {*drafted, organisation.logo, nobody, ""}) == {nobody}


# --- milepost files check ---------------------------------------------------------------------------------


def tomorrow():
    return clock.at(clock.now() + timedelta(days=1, minutes=1))


def test_a_store_in_order_has_nothing_to_tell(organisation, course):
    report = checking.check(organisation)
    assert (report.is_sound, report.unreferenced) == (True, [])
    assert report.sound == len({digest for digest, _size in course.draft.values()})


def test_the_check_names_what_is_missing_and_what_is_damaged(organisation, course):
    gone, harmed = sorted({digest for digest, _size in course.draft.values()})[:2]
    place(gone, organisation.uid).unlink()
    place(harmed, organisation.uid).write_bytes(b"")
    report = checking.check(organisation)
    assert not report.is_sound
    assert list(report.missing) == [gone]
    assert "course" in report.missing[gone] or "version" in report.missing[gone]
    assert report.damaged == [harmed]


def test_what_nothing_refers_to_goes_after_a_day_and_not_before(organisation, course):
    digest = blobs.store(organisation.uid, b"nobody's")
    assert checking.check(organisation, remove_unreferenced=True).removed == 0
    with tomorrow():
        report = checking.check(organisation, remove_unreferenced=True)
    assert (report.unreferenced, report.removed) == ([digest], 1)
    assert not blobs.is_there(organisation.uid, digest)
    assert checking.check(organisation).is_sound


def test_what_the_journal_tells_of_stays(organisation):
    digest = blobs.store(organisation.uid, b"before the second signature")
    with mentions.holding("made for the test", lambda tenant: iter([digest])), tomorrow():
        assert checking.check(organisation, remove_unreferenced=True).unreferenced == []
    assert blobs.is_there(organisation.uid, digest)


def test_storing_again_renews_the_day(organisation):
    digest = blobs.store(organisation.uid, b"nobody's yet")
    old = place(digest, organisation.uid)
    os.utime(old, (0, 0))
    blobs.store(organisation.uid, b"nobody's yet")
    assert checking.check(organisation, remove_unreferenced=True).removed == 0


def test_what_a_kill_left_half_written_goes_after_a_day():
    blobs.store(uuid4(), b"x")
    half = Path(default_storage.path("incoming/half"))
    half.write_bytes(b"ha")
    assert checking.clear_incoming() == 0
    os.utime(half, (0, 0))
    assert checking.clear_incoming() == 1
    assert not half.exists()
