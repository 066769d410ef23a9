"""What others have kept of a journal's seals, and what this machine does: held against it, and missed where it is gone."""

import json
import shutil

import pytest

from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.journal import checkpoints, jobs, measures, second_memory
from milepost.journal.organisations import identity_of
from milepost.journal.sealing import seal
from milepost.journal.second_memory import NothingRemembered, ShortMemory, said_in
from milepost.journal.tests.test_sealing import tamper, write
from milepost.journal.verification import verify

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(second_memory, "_path", lambda name: tmp_path / "seals" / f"{name}.jsonl")


def kept_by_others():
    """The newest seal in each form in which somebody may have it."""
    newest = checkpoints.newest(7)
    line = checkpoints.line_of(newest)
    return {
        "seal": second_memory.line_of(newest.seal),
        "checkpoint": str(checkpoints.cosigned(newest)).encode(),
        "line": line.encode(),
        "mail": f"Bonjour,\r\n> keep this: {line}\r\nthanks\n".encode(),
    }


def read(content):
    return said_in(content, identity_of(7).uid, "kept")


@pytest.fixture
def forms():
    write(5)
    seal(7)
    return kept_by_others()


@pytest.mark.parametrize("form", ["seal", "checkpoint", "line", "mail"])
def test_a_journal_is_held_against_what_others_kept_of_its_seals(forms, form):
    [one] = read(forms[form])
    assert (one.size, one.root) == (5, bytes(checkpoints.newest(7).seal.root))
    write(3)
    seal(7)
    assert verify(7, against=[one]).finding is None


@pytest.mark.parametrize("form", ["seal", "checkpoint", "line", "mail"])
def test_a_journal_that_was_written_anew_or_cut_off_is_found_by_what_others_kept(forms, form, tmp_path):
    """Also where this machine's memory was taken away with it."""
    [one] = read(forms[form])
    shutil.rmtree(tmp_path / "seals")
    tamper("UPDATE journal_entry SET salt = %s, statement = '' WHERE id = (SELECT min(id) FROM journal_entry)", b"")
    for table in ("sealcheckpoint", "seal"):
        tamper(f"DELETE FROM journal_{table}")
    wrong = second_memory.Remembered(one.size, bytes(32), one.where)
    assert "the seal in kept, line" in str(verify(7, against=[wrong]).finding)
    assert "the seal over it was removed: kept, line" in str(verify(7, against=[one]).finding)
    longer = second_memory.Remembered(one.size + 4, one.root, one.where)
    assert "a seal over 9 entries exists, and the tree ends at 5" in str(verify(7, against=[longer]).finding)


def test_a_file_that_says_nothing_of_this_journal_is_refused(forms):
    for content in (b"", b"{}", b"hello\n", forms["line"].replace(b"0000007", b"0000008")):
        with pytest.raises(NothingRemembered):
            read(content)
    other = json.loads(forms["seal"])
    other["seal"] = other["seal"].replace("0000007", "0000008")
    with pytest.raises(NothingRemembered):
        read(json.dumps(other).encode())


def test_what_this_machine_has_forgotten_is_told_until_somebody_says_that_they_looked(tmp_path):
    for _seal in range(3):
        write(2)
        run_all()
    assert (measures.forgotten_journals(), second_memory.forgotten(7)) == (0, 0)
    shutil.rmtree(tmp_path / "seals")
    write(2)
    run_all()
    assert (measures.forgotten_journals(), second_memory.forgotten(7)) == (1, 3)
    write(2)
    run_all()
    with pytest.raises(ShortMemory):
        second_memory.refuse_short(7)
    assert second_memory.write_anew(7) == 5
    second_memory.refuse_short(7)
    assert (second_memory.forgotten(7), verify(7).finding) == (0, None)
    assert Job.objects.filter(task=jobs.find_forgotten.module_path).count() == 1


def test_a_memory_whose_end_was_cut_off_is_short(tmp_path):
    for _seal in range(3):
        write(2)
        seal(7)
    second_memory.refuse_short(7)
    [path] = (tmp_path / "seals").iterdir()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(ShortMemory):
        second_memory.refuse_short(7)
    assert second_memory.forgotten(7) == 1
    path.write_bytes(b"")
    with pytest.raises(ShortMemory):
        second_memory.refuse_short(7)
