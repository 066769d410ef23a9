"""Who the organisation is, a fact says: no paper of it can tell another name, number or address than the newest under its seal."""

import io
import json
from datetime import datetime

import pytest

from milepost import verify as verifier
from milepost.documents.sealing import seal_pdf
from milepost.documents.typesetting import render
from milepost.evidence.cover import cover_page
from milepost.evidence.dossiers import build
from milepost.evidence.readiness import readiness_of
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import keys
from milepost.journal.models import Entry
from milepost.people.identity import identity_uid
from milepost.people.models import Organisation
from milepost.people.settings import change
from milepost.verify.pdf_seals import attached

pytestmark = pytest.mark.django_db


def built(action, tmp_path, member=None):
    path = tmp_path / "dossier.zip"
    with path.open("w+b") as file:
        build(action=action, member=member, file=file)
    return path


def stated(path):
    lines = map(json.loads, contents(path)["journal/entries.jsonl"].splitlines())
    told = (json.loads(line["statement"]) for line in lines if "statement" in line)
    return [fact["result"] for fact in told if fact["object"]["type"] == "identity"]


def test_manifest_and_cover_tell_who_the_organisation_is_as_the_newest_fact_does(complete, people, tmp_path):
    organisation = complete.organisation
    change(organisation=organisation, values={"registration_number": "84 69 12345 69"})
    change(organisation=organisation, values={"name": "Aldermoor SAS", "postal_address": "3 Mill Lane"})
    for member in (None, people[0]):
        path = built(complete, tmp_path, member)
        told = json.loads(contents(path)["manifest.json"])["organisation"]
        cover = json.loads(attached(contents(path)["cover.pdf"], "cover.json"))
        assert told == cover["organisation"] == {"id": str(organisation.uid), **stated(path)[-1]}
        assert (told["name"], told["registration_number"]) == ("Aldermoor SAS", "84 69 12345 69")
        assert any("“Aldermoor SAS”, 84 69 12345 69, 3 Mill Lane" in line for line in verifier.verify(path).holds)


@pytest.mark.parametrize("member", ["name", "registration_number", "postal_address", "certifier_name"])
def test_whoever_holds_the_key_gives_the_organisation_no_other_name(member, dossier, complete):
    whole, private = contents(dossier), keys.private_key(keys.current_key(complete.organisation_id))
    manifest = as_the_insider(whole)
    manifest["organisation"][member] = "Somebody Else Ltd"
    told = complaint(rewritten(dossier, signed(whole, manifest, private)))
    assert "Somebody Else Ltd" in told
    assert "the newest fact of it" in told


def test_whoever_holds_the_key_gives_it_no_other_name_on_the_cover(dossier, complete):
    whole, key = contents(dossier), keys.current_key(complete.organisation_id)
    said = json.loads(attached(whole["cover.pdf"], "cover.json"))
    made = datetime.fromisoformat(json.loads(whole["manifest.json"])["made_at"])
    said["organisation"] = said["organisation"] | {"name": "Somebody Else Ltd"}
    page = cover_page(complete, readiness_of(complete), said, headings=_Any(), made_at=made, key=key.fingerprint)
    cover = seal_pdf(render("cover", page, time=made), key=key, time=made, reason="Dossier")
    files = whole | {"cover.pdf": cover}
    changed = rewritten(dossier, signed(files, as_the_insider(files), keys.private_key(key)))
    assert "for “organisation”" in complaint(changed)


def test_an_earlier_name_can_not_be_brought_back_by_leaving_the_later_fact_out(complete, tmp_path):
    change(organisation=complete.organisation, values={"name": "Aldermoor SAS"})
    path = built(complete, tmp_path)
    whole, private = contents(path), keys.private_key(keys.current_key(complete.organisation_id))
    lines = whole["journal/entries.jsonl"].splitlines(keepends=True)
    newest = max(at for at, line in enumerate(lines) if b'\\"type\\":\\"identity\\"' in line)
    files = whole | {"journal/entries.jsonl": b"".join(lines[:newest] + lines[newest + 1 :])}
    manifest = as_the_insider(files)
    manifest["organisation"]["name"] = stated(path)[-2]["name"]
    assert "are not those that were sealed" in complaint(rewritten(path, signed(files, manifest, private)))
    proof = json.loads(whole["journal/completeness.json"])
    assert identity_uid(complete.organisation) in {thing["about"] for thing in proof["things"]}


def test_of_a_journal_from_before_it_is_stated_as_a_dossier_is_made_and_once(complete, tmp_path):
    Organisation.objects.filter(pk=complete.organisation_id).update(registration_number="11 75 00000 75")
    complete.refresh_from_db()
    facts = Entry.objects.filter(about=identity_uid(complete.organisation))
    before = facts.count()
    for _time in range(2):
        assert stated(built(complete, tmp_path))[-1]["registration_number"] == "11 75 00000 75"
    assert facts.count() == before + 1


class _Any(dict):
    def __missing__(self, key):
        return key


def test_a_dossier_says_so_of_an_organisation_with_a_name_alone(complete, tmp_path):
    assert any(f"“{complete.organisation.name}”" in line for line in verifier.verify(built(complete, tmp_path)).holds)
    assert io.BytesIO(contents(built(complete, tmp_path))["cover.pdf"]).read(4) == b"%PDF"
