"""A person's receipt holds what they learnt and nobody else's deeds, and verifies offline; whatever is changed in it is found."""

import io
import json
import zipfile

import pytest

from milepost.credentials.revoking import revoke
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol
from milepost.receipts.making import NothingLearnt, learnt_by
from milepost.receipts.tests.conftest import receipt_of
from milepost.verify import Broken, verify
from milepost.verify.command import main
from milepost.verify.receipt import read_receipt
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


def kept(content, tmp_path):
    path = tmp_path / "receipt.zip"
    path.write_bytes(content)
    return path


def names_in(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return set(archive.namelist())


def test_it_verifies_offline_under_the_key_of_its_issuer_after_its_person_left(receipt, learner, tmp_path):
    path = kept(receipt, tmp_path)
    key = verify(path).key
    said = []
    assert main([str(path), "--key", key], say=said.append) == 0
    assert any("No fact of this person about the 1 courses and sessions" in line for line in said)
    assert main([str(path)], say=said.append) == 3
    assert main([str(path), "--key", "0" * 64], say=said.append) == 1


def test_it_holds_the_certificate_and_the_badge_and_tells_what_was_completed(receipt, earned, course):
    assert {f"pieces/certificates/{earned.uid}.pdf", f"pieces/badges/{earned.uid}.svg", "read-me.txt"} <= names_in(
        receipt
    )
    _report, told = read_receipt(io.BytesIO(receipt))
    assert (told["issuer"], told["person"]) == ("Aldermoor", "Jonas Nygård")
    [achievement] = told["achievements"]
    assert (achievement["course"], achievement["title"]) == (str(course.uid), "Ladders")
    assert achievement["completed_at"] and achievement["has_certificate"]
    assert str(course.organisation.uid) in told["published"]


def test_it_holds_the_facts_of_its_person_alone(receipt, course, lead, learner, organisation):
    with zipfile.ZipFile(io.BytesIO(receipt)) as archive:
        lines = archive.read("journal/entries.jsonl").decode().splitlines()
    actors = {json.loads(json.loads(line)["statement"])["actor"]["id"] for line in lines}
    assert str(learner.uid) in actors
    other = make_member(organisation, "rosa")
    enrol(member=other, course=course, by=lead)
    with zipfile.ZipFile(io.BytesIO(receipt_of(learner))) as archive:
        assert str(other.uid) not in archive.read("journal/entries.jsonl").decode()


def test_a_certificate_that_was_revoked_is_told_to_be_and_has_no_badge(earned, learner, lead):
    revoke(certificate=earned, reason="Issued in error", by=lead)
    content = receipt_of(learner)
    assert not [name for name in names_in(content) if name.startswith("pieces/badges/")]
    _report, told = read_receipt(io.BytesIO(content))
    assert not told["achievements"][0]["has_certificate"]


def test_what_is_not_chosen_is_not_told(earned, learner, lead, course, make_another):
    make_another()
    both = learnt_by(learner)
    assert len(both) == 2
    _report, told = read_receipt(io.BytesIO(receipt_of(learner, things={str(course.uid)})))
    assert [one["course"] for one in told["achievements"]] == [str(course.uid)]


@pytest.fixture
def make_another(organisation, lead, learner):
    from tests.worlds import SMALL_COURSE, make_course

    def make():
        tree = SMALL_COURSE | {
            "course.md": SMALL_COURSE["course.md"].replace("ladders", "ropes").replace("Ladders", "Ropes")
        }
        return enrol(member=learner, course=make_course(organisation, tree, by=lead), by=lead)

    return make


def test_who_learnt_nothing_is_told_so(organisation):
    with pytest.raises(NothingLearnt):
        receipt_of(make_member(organisation, "nina"))


def test_taking_it_is_a_fact(receipt, learner):
    fact = Entry.objects.filter(fact="member.exported").get()
    assert fact.content["context"]["what"] == "receipt"
    assert fact.actor_id == str(learner.uid)


# --- Tampering --------------------------------------------------------------------------------------------


def rewritten(content, change):
    """The zip with other files, as `change` makes them of what was there; signed by nobody anew."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def resigned(content, organisation, change):
    """The same by whoever holds the key: the manifest tells of the files as they are now, and is signed anew."""
    import hashlib

    from milepost.journal import keys

    def sign(files):
        manifest = json.loads(files["manifest.json"])
        change(files, manifest)
        manifest["files"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in files.items()
            if not name.startswith("manifest.")
        }
        files["manifest.json"] = json.dumps(manifest).encode()
        files["manifest.sig"] = keys.sign(keys.current_key(organisation.pk), files["manifest.json"])

    return rewritten(content, sign)


def lines_without(files, verb):
    lines = files["journal/entries.jsonl"].decode().splitlines(keepends=True)
    files["journal/entries.jsonl"] = "".join(line for line in lines if f'\\"verb\\":\\"{verb}\\"' not in line).encode()


def test_a_stranger_changes_no_file_of_it_unseen(receipt, tmp_path):
    for name in sorted(names_in(receipt)):
        with pytest.raises(Broken):
            verify(
                kept(rewritten(receipt, lambda files, name=name: files.update({name: files[name] + b" "})), tmp_path)
            )
        with pytest.raises(Broken):
            verify(kept(rewritten(receipt, lambda files, name=name: files.pop(name)), tmp_path))


def test_the_holder_of_the_key_leaves_no_fact_out(earned, learner, lead, organisation, tmp_path):
    revoke(certificate=earned, reason="Issued in error", by=lead)
    content = receipt_of(learner)
    verify(kept(resigned(content, organisation, lambda _files, _manifest: None), tmp_path))
    with pytest.raises(Broken):
        verify(
            kept(resigned(content, organisation, lambda files, _manifest: lines_without(files, "revoked")), tmp_path)
        )


@pytest.mark.parametrize("part", ["person", "things", "badge"])
def test_the_holder_of_the_key_makes_it_nobody_else_s(part, receipt, organisation, earned, tmp_path):
    def change(files, manifest):
        if part == "person":
            manifest["person"]["id"] = "11111111-1111-4111-8111-111111111111"
        elif part == "things":
            manifest["things"] = ["11111111-1111-4111-8111-111111111111"]
        else:
            files[f"pieces/badges/{'1' * 8}-1111-4111-8111-{'1' * 12}.svg"] = files.pop(
                f"pieces/badges/{earned.uid}.svg"
            )

    with pytest.raises(Broken):
        verify(kept(resigned(receipt, organisation, change), tmp_path))
