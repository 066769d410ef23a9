"""Files among the pieces: those that were added by hand are owed until they are erased, and each is called what its facts tell."""

import re

import pytest

from milepost import verify as verifier
from milepost.classroom.connection_logs import take_log
from milepost.evidence.actions import add_piece
from milepost.evidence.erasing import erase_person
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.test_completeness import built, resigned
from milepost.people.models import Member

pytestmark = pytest.mark.django_db
LOG = b"Name (Original Name),User Email,Join Time,Leave Time\nAnna,a@b.example,2026-11-26 09:00,2026-11-26 12:00\n"


def named(whole, start):
    return [name for name in whole if name.startswith(f"pieces/{start}")]


def without(whole, name, action):
    return resigned({other: content for other, content in whole.items() if other != name}, action)


def test_a_file_that_was_added_by_hand_and_is_left_out_is_missed(dossier, complete):
    whole = contents(dossier)
    [name] = named(whole, "files/")
    words = complaint(rewritten(dossier, without(whole, name, complete)))
    assert words.startswith("A file is missing that was added: “evaluation.csv”, on 2026-")


def test_one_s_own_dossier_owes_the_files_about_them_and_no_others(complete, people, lead, tmp_path):
    add_piece(action=complete, key="hot-evaluation", name="anna.pdf", content=b"5", by=lead, member=people[0])
    add_piece(action=complete, key="hot-evaluation", name="other.pdf", content=b"6", by=lead, member=people[1])
    path = built(complete, tmp_path / "one.zip", member=people[0])
    whole = contents(path)
    [name] = named(whole, "files/")
    assert verifier.verify(path).holds
    assert "“anna.pdf”" in complaint(rewritten(path, without(whole, name, complete)))


def test_a_file_goes_with_the_person_whom_it_is_about_and_so_does_its_fact(complete, organisation, lead, tmp_path):
    who = {"given_name": "Nora", "family_name": "Lind", "employee_number": "N9"}
    colleague = Member.objects.create(organisation=organisation, **who)  # takes no part, so nothing keeps hers
    add_piece(action=complete, key="hot-evaluation", name="nora-lind.pdf", content=b"5", by=lead, member=colleague)
    before = built(complete, tmp_path / "before.zip")
    assert len(named(contents(before), "files/")) == 2
    erase_person(member=colleague, by=lead)
    path = built(complete, tmp_path / "erased.zip")
    assert any("1 of them were erased" in line for line in verifier.verify(path).holds)
    assert len(named(contents(path), "files/")) == 1
    assert b"nora-lind" not in contents(path)["journal/entries.jsonl"]


def test_no_file_among_the_pieces_is_called_otherwise_than_its_facts_tell(complete, session, people, lead, tmp_path):
    take_log(session=session, content=LOG, name="Teams report.csv", by=lead)
    path = built(complete, tmp_path / "whole.zip")
    whole = contents(path)
    assert verifier.verify(path).holds
    pieces = named(whole, "")
    assert {name.split("/")[1] for name in pieces} >= {"sheets", "certificates", "documents", "files", "logs"}
    for name in pieces:
        folder, last = name.split("/")[1:]
        others = {
            "sheets": [name.replace("S-", "T-"), name.replace("-1.pdf", "-2.pdf")],
            "certificates": [re.sub("[0-9a-f]{8}-", "00000000-", name, count=1)],
            "documents": [name.replace("-", "ed-", 1), re.sub(r"-[0-9a-f]{8}-", "-00000000-", name, count=1)],
            "files": [name.replace("evaluation.csv", "approval.csv"), name.replace("hot-", "cold-")],
            "logs": [name.replace("Teams", "Zoom"), name.replace("S-", "T-")],
        }[folder]
        for other in (*others, f"pieces/files/{last}x", f"pieces/visits/{last}"):
            changed = {(other if each == name else each): content for each, content in whole.items()}
            words = complaint(rewritten(path, resigned(changed, complete)))
            assert re.search("called otherwise|knows nothing|carries no seal", words), (other, words)
