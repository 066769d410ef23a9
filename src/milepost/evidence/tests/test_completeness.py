"""A dossier leaves nothing out of its scope, whoever holds the key: of the journal's seal nobody makes another."""

import json
import re
from dataclasses import replace

import pytest

from milepost import verify as verifier
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance
from milepost.classroom.signing import take_offline
from milepost.documents.signatures import Signature
from milepost.evidence.dossiers import build
from milepost.evidence.sealed_archive import ChangedMeanwhile
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.conftest import SIGNING
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import folding, keys, merkle, tiles
from milepost.journal.erasing import erase
from milepost.journal.models import Entry, IndexPage, Tree
from milepost.journal.sealing import seal
from milepost.journal.vocabulary import UID, fact_types, fields_of
from milepost.verify.completeness import abouts_of, whose_of

pytestmark = pytest.mark.django_db


def built(action, path, member=None):
    with path.open("w+b") as file:
        build(action=action, member=member, file=file)
    return path


def lines_of(files):
    return [json.loads(line) for line in files["journal/entries.jsonl"].splitlines()]


def without(files, gone, action):
    """The dossier without some lines, as somebody leaves them out who has the key, the database and this code."""
    lines = [line for number, line in enumerate(lines_of(files)) if number not in gone]
    leaves = [leaf for number, leaf in enumerate(files["journal/leaves.txt"].decode().split()) if number not in gone]
    size = json.loads(files["journal/proof.json"])["size"]
    nodes = merkle.multiproof([line["index"] for line in lines], size, tiles.StoredNodes(action.organisation_id))
    changed = files | {
        "journal/entries.jsonl": "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode(),
        "journal/leaves.txt": "\n".join(leaves).encode(),
        "journal/proof.json": json.dumps({"size": size, "nodes": [node.hex() for node in nodes]}).encode(),
    }
    return resigned(changed, action)


def resigned(files, action):
    return signed(files, as_the_insider(files), keys.private_key(keys.current_key(action.organisation_id)))


def test_whichever_fact_is_left_out_of_a_dossier_is_missed(dossier, complete):
    whole = contents(dossier)
    count = len(lines_of(whole))
    assert count > 50
    for gone in range(count):
        words = complaint(rewritten(dossier, without(whole, {gone}, complete)))
        assert re.match(r"(1 fact about|The publication of version 1 of) “.+” is missing\.", words), (
            lines_of(whole)[gone],
            words,
        )
    assert verifier.verify(rewritten(dossier, without(whole, set(), complete))).holds


def test_it_is_said_what_was_counted(dossier):
    told = "No fact about the action, or of its 4 people in its course, was left out: the sealed index counts those of 6 things."
    assert told in verifier.verify(dossier).holds


def test_a_correction_and_a_signature_that_arrived_late_are_missed(complete, session, people, lead, tmp_path):
    slot = session.slots.select_related("session__organisation").first()
    row = Attendance.objects.select_related("slot__session__organisation", "participant__member").get(
        slot=slot, participant__member=people[0]
    )
    change = Change("absent", absence_reason="Ill")
    change_attendance(attendance=row, change=change, by=lead.as_reference(), why="Mixed up")
    late = replace(SIGNING, signature=Signature(strokes=((5, 5, 90, 20),), width=300, height=160))
    uid = str(row.participant.uid)
    assert take_offline(slot=slot, signings=[(uid, late)]) == {uid: "closed"}
    path = built(complete, tmp_path / "corrected.zip")
    whole = contents(path)
    verbs = [json.loads(line["statement"])["verb"] for line in lines_of(whole)]
    for verb in ("corrected", "delivered"):
        assert verbs.count(verb) == 1
        words = complaint(rewritten(path, without(whole, {verbs.index(verb)}, complete)))
        assert words.startswith("1 fact about “Evacuation” is missing")


def test_no_other_proof_of_completeness_makes_up_for_a_fact(dossier, complete):
    """Neither one that tells of fewer, nor none at all, nor one of a thing less."""
    whole = contents(dossier)
    proof = json.loads(whole["journal/completeness.json"])
    course = next(thing for thing in proof["things"] if "nodes" in thing)
    gone = {
        number
        for number, line in enumerate(lines_of(whole))
        if abouts_of(json.loads(line["statement"]))[0] == course["about"]
    }
    changed = without(whole, gone, complete)
    nobody = course | {"people": [], "without": sorted(person for person, _count, _chain in course["people"])}
    others = [thing for thing in proof["things"] if thing is not course]
    for things, words in (
        ([nobody, *others], "does not"),
        (others, "does not"),
        ([course | {"people": []}, *others], "does not"),
    ):
        told = json.dumps(proof | {"things": things}).encode()
        forged = resigned(changed | {"journal/completeness.json": told}, complete)
        assert words in complaint(rewritten(dossier, forged))
    removed = {name: content for name, content in changed.items() if name != "journal/completeness.json"}
    assert "completeness.json is missing" in complaint(rewritten(dossier, resigned(removed, complete)))


def test_a_session_that_the_records_do_not_name_must_be_there_all_the_same(dossier, complete, session):
    """Its facts, its counts and its records are left out together; the action's own facts tell of it."""
    whole = contents(dossier)
    gone = {
        number
        for number, line in enumerate(lines_of(whole))
        if str(session.uid) in abouts_of(json.loads(line["statement"]))
    }
    changed = without(whole, gone, complete)
    records = json.loads(changed["records/action.json"]) | {"sessions": []}
    changed |= {"records/action.json": json.dumps(records).encode()}
    proof = json.loads(changed["journal/completeness.json"])
    proof["things"] = [thing for thing in proof["things"] if thing["about"] != str(session.uid)]
    changed |= {"journal/completeness.json": json.dumps(proof).encode()}
    assert "completeness.json does not" in complaint(rewritten(dossier, resigned(changed, complete)))


# --- One person -------------------------------------------------------------------------------------------


def test_the_dossier_of_one_person_proves_that_all_of_theirs_is_there_and_claims_no_more(complete, people, tmp_path):
    path = built(complete, tmp_path / "one.zip", member=people[0])
    report = verifier.verify(path)
    assert any(line.startswith("No fact of this person about the") for line in report.holds)
    assert any("what the office did, only the dossier of the whole action proves" in line for line in report.notes)
    whole, uid = contents(path), str(people[0].uid)
    theirs = 0
    for number, line in enumerate(lines_of(whole)):
        if whose_of(json.loads(line["statement"])) == uid:
            theirs += 1
            assert "is missing" in complaint(rewritten(path, without(whole, {number}, complete)))
    assert theirs > 8


# --- What was erased --------------------------------------------------------------------------------------


def erase_some(complete, lead, verb="launched"):
    """As letting go does, but of one sort of facts."""
    numbers = Entry.objects.filter(verb=verb, actor_id__in=[str(m.uid) for m in complete.members.all()])
    about = complete.as_reference()
    return erase(
        numbers.values_list("id", flat=True),
        organisation=complete.organisation,
        by=lead.as_reference(),
        about=about,
        reason="Asked for",
    )


def test_facts_that_were_erased_are_counted_and_named_and_can_not_be_left_out(complete, lead, tmp_path):
    seal(complete.organisation_id)
    count = erase_some(complete, lead)
    assert count > 1
    path = built(complete, tmp_path / "erased.zip")
    report = verifier.verify(path)
    assert any(line.startswith(f"{count} of them were erased") for line in report.holds)
    whole = contents(path)
    lines = lines_of(whole)
    erased = [number for number, line in enumerate(lines) if line.get("erased")]
    assert len(erased) == count
    assert "is missing" in complaint(rewritten(path, without(whole, {erased[0]}, complete)))
    [erasure] = [
        number
        for number, line in enumerate(lines)
        if "statement" in line and json.loads(line["statement"])["verb"] == "erased"
    ]
    words = complaint(rewritten(path, without(whole, {erasure}, complete)))
    assert "is said to be erased, and no erasure in the dossier names it" in words


def test_a_fact_is_not_hidden_by_saying_that_it_was_erased(dossier, complete):
    whole = contents(dossier)
    lines = lines_of(whole)
    statement = json.loads(lines[5]["statement"])
    leaf = whole["journal/leaves.txt"].decode().split()[5]
    lines[5] = {
        "index": lines[5]["index"],
        "erased": True,
        "leaf": leaf,
        "about": abouts_of(statement),
        "whose": whose_of(statement),
    }
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    changed = resigned(whole | {"journal/entries.jsonl": content}, complete)
    assert "is said to be erased, and no erasure" in complaint(rewritten(dossier, changed))


def test_a_fact_that_is_erased_while_the_dossier_is_written_has_it_begun_anew(complete, lead, tmp_path, monkeypatch):
    from milepost.evidence import dossier_file

    gather = dossier_file.numbers_with_erased

    def meanwhile(scope):
        erase_some(complete, lead)
        return gather(scope)

    with monkeypatch.context() as busy, pytest.raises(ChangedMeanwhile):
        busy.setattr(dossier_file, "numbers_with_erased", meanwhile)
        built(complete, tmp_path / "meanwhile.zip")
    assert verifier.verify(built(complete, tmp_path / "after.zip")).holds


# --- From before ------------------------------------------------------------------------------------------


def test_a_dossier_of_a_journal_from_before_the_index_waits_until_that_has_caught_up(complete, tmp_path, monkeypatch):
    monkeypatch.setattr(folding, "BATCH", 10)  # the journal is large
    IndexPage.objects.all().delete()
    Tree.objects.update(indexed=0)
    path = built(complete, tmp_path / "before.zip")
    assert any("No fact about the action" in line for line in verifier.verify(path).holds)


def test_a_dossier_under_a_seal_without_an_index_does_not_hold(complete, tmp_path, monkeypatch):
    monkeypatch.setattr(folding, "catch_up", lambda *_args, **_more: None)
    IndexPage.objects.all().delete()
    Tree.objects.update(indexed=0)
    path = built(complete, tmp_path / "before.zip")
    with pytest.raises(verifier.Broken, match="names no index"):
        verifier.verify(path)


# --- What facts are filed under ---------------------------------------------------------------------------


def test_the_verifier_files_each_fact_as_the_vocabulary_does():
    for fact_type in fact_types.all():
        context = {key.removesuffix("?"): f"uid of {key.removesuffix('?')}" for key in fields_of(fact_type.context)}
        for told in (
            context,
            {key: value for key, value in context.items() if key not in ("holder", "action") or key == fact_type.about},
        ):
            object_type = fact_type.object_type or "anything"
            statement = {
                "actor": {"id": "actor"},
                "verb": fact_type.verb,
                "object": {"type": object_type, "id": "object"},
                "context": told,
            }
            about = fact_type.about_of("object", told)
            assert abouts_of(statement)[0] == about, fact_type.name
            assert abouts_of(statement)[1:] == ([told["action"]] if told.get("action", about) != about else [])
            assert whose_of(statement) == told.get("holder", "actor")
        for key in ("holder", "action"):
            for name, schema in fields_of(fact_type.context).items():
                if name.removesuffix("?") == key:
                    assert schema == UID, fact_type.name
