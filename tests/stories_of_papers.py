"""Stories of what leaves the house and comes into it: receipts, attestations, declarations, seals of a provider (see `tests.dying`)."""

import io
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db import transaction

from milepost.attestations.attesting import Wish, attest
from milepost.attestations.models import Attestation, Whom
from milepost.core import blobs, clock
from milepost.courses.models import Course
from milepost.declarations.describing import describe, describe_trainee
from milepost.declarations.drawing_up import draw_up
from milepost.declarations.models import Described, Draft, Trainee
from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.models import TrainingAction
from milepost.journal import keys
from milepost.journal.models import Entry
from milepost.journal.recording import record
from milepost.learning.enrolling import enrol
from milepost.learning.models import Enrolment, Equivalence
from milepost.learning.progressing import complete_activity
from milepost.people.facts import MEMBER_CREATED
from milepost.people.models import Member, Organisation
from milepost.people.organisations import create_organisation
from milepost.receipts.bringing import accept, bring, compare
from milepost.receipts.making import take_receipt
from milepost.receipts.models import Receipt
from milepost.verify.pdf_seals import Seal, seals_in
from milepost.verify.receipt import read_receipt
from tests.dying import again, work
from tests.stories import Story, everything_is_told_and_sealed
from tests.worlds import SMALL_COURSE, make_course, make_member, make_people

KEYS = ("0e1d5b4c-7a2f-4f0e-9b1a-3c5d7e9f1a2b", "5a4b3c2d-1e0f-4a9b-8c7d-6e5f4a3b2c1d")  # of forms
HEIGHTS = SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("slug: ladders", "slug: heights")}


def _aldermoor() -> Organisation:
    return Organisation.objects.get(slug="aldermoor")


def _named(name: str) -> Member:
    return Member.objects.select_related("organisation").get(given_name=name)


def _told(*facts: str) -> Counter[str]:
    return Counter(Entry.objects.filter(fact__in=facts).values_list("fact", flat=True))


def _graduate(organisation: Organisation, lead: Member, name: str) -> Member:
    member: Member = make_member(organisation, name)
    about, place = member.as_reference(), member.place()
    with transaction.atomic():
        record(MEMBER_CREATED, organisation=organisation, actor=lead.as_reference(), object=about, result=place)
    made = enrol(member=member, course=make_course(organisation, SMALL_COURSE, by=lead), by=lead)
    enrolment = Enrolment.objects.select_related("member", "course", "organisation").get(pk=made.pk)
    for key in enrolment.outline.counted:
        complete_activity(enrolment=enrolment, activity=enrolment.outline.by_key[key], score=100, is_passed=True)
    return member


def _seals(digest: str) -> list[Seal]:
    found = seals_in(blobs.read(_aldermoor().uid, digest))
    assert found and all(seal.holds for seal in found)
    return found


# --- A receipt is taken, and brought elsewhere -----------------------------------------------------------------


def _make_graduate() -> None:
    organisation = _aldermoor()
    _graduate(organisation, make_member(organisation, "claire", roles=["lead"]), "jonas")
    work()


def _take() -> None:
    """Whoever saw no file asks again: each asking is a fact, and the file that they have holds."""
    file = io.BytesIO()
    take_receipt(member=_named("Jonas"), file=file, by=_named("Jonas"))
    [told] = read_receipt(file)[1]["achievements"]
    assert told["completed_at"] and told["has_certificate"]


def _count_taken() -> None:
    everything_is_told_and_sealed()
    assert _told("member.exported")["member.exported"] in (1, 2)
    assert _told("identity.stated") == {"identity.stated": 1}


def _file() -> Path:
    return Path(settings.ENVIRONMENT.data) / "receipt.zip"


def _make_receipt() -> None:
    """Jonas learnt at Norrviken, and comes to Aldermoor as Otto."""
    there = create_organisation(slug="norrviken", name="Norrviken")
    jonas = _graduate(there, make_member(there, "lena", roles=["lead"]), "jonas")
    here = _aldermoor()
    make_course(here, HEIGHTS, by=make_member(here, "hanna", roles=["hr"]))
    make_member(here, "otto")
    work()
    file = io.BytesIO()
    take_receipt(member=jonas, file=file, by=jonas)
    _file().write_bytes(file.getvalue())
    work()


def _bring() -> None:
    by, heights = _named("Hanna"), Course.objects.get(slug="heights")
    made = bring(member=_named("Otto"), content=_file().read_bytes(), by=_named("Otto"))
    receipt = Receipt.objects.select_related("organisation", "member__organisation").get(pk=made.pk)
    compare(receipt=receipt, fingerprint=receipt.key, by=by)
    [there] = receipt.content["achievements"]
    accept(receipt=receipt, course_uid=there["course"], course=heights, reason="Same content", by=by)


def _count_brought() -> None:
    everything_is_told_and_sealed()
    receipt = Receipt.objects.get()
    equivalence = Equivalence.objects.get()
    assert receipt.is_theirs and receipt.checked == "typed"
    assert blobs.read(_aldermoor().uid, receipt.digest) == _file().read_bytes()
    assert (equivalence.member_id, equivalence.receipt_sha256) == (receipt.member_id, receipt.digest)
    once = ("receipt.brought", "receipt.checked", "course.recognised")
    assert _told(*once) == dict.fromkeys(once, 1)


# --- An attestation is made, and replaced ----------------------------------------------------------------------


def _attest() -> None:
    """One, and once that is there another that takes its place."""
    organisation, by = _aldermoor(), _named("Claire")
    wish = Wish((Course.objects.get(slug="ladders"),), clock.today(organisation.time_zone), Whom.ENROLLED)
    first = attest(organisation=organisation, wish=wish, by=by, key=KEYS[0])
    work(late=True)
    again(lambda: attest(organisation=organisation, wish=replace(wish, replaces=first), by=by, key=KEYS[1]))


def _count_attested() -> None:
    everything_is_told_and_sealed()
    first, second = Attestation.objects.order_by("pk")
    assert (first.state, second.state, second.replaces) == ("superseded", "valid", first)
    for row in (first, second):
        assert len(_seals(row.pdf)) == 1
        assert str(_named("Jonas").uid).encode() in blobs.read(_aldermoor().uid, row.annex)
        [told] = Entry.objects.filter(fact="attestation.issued", object_id=str(row.uid))
        assert (told.content["result"]["sha256"], told.content["result"]["annex_sha256"]) == (row.pdf, row.annex)


# --- A declaration is drawn up -----------------------------------------------------------------------------------

DAY = date(2026, 11, 26)


def _make_action() -> None:
    organisation = _aldermoor()
    lead = make_member(organisation, "claire", roles=["lead"])
    make_people(organisation, 3)
    people = Member.objects.filter(organisation=organisation, user=None)
    plan = ActionPlan(title="T", profile="fr", starts_on=DAY, ends_on=DAY, minutes=60, members=people)
    open_action(organisation=organisation, plan=plan, by=lead)
    work()


def _declare() -> None:
    action, by = TrainingAction.objects.select_related("organisation", "course").get(), _named("Claire")
    said = {"funding": "employer", "objective": "other", "speciality": "344t", "invoiced": 60_000, "invoiced_on": DAY}
    describe(action=action, said=said, by=by)
    first = action.members.order_by("pk").first()
    assert first is not None
    describe_trainee(action=action, member=first, by=by, category="private")
    draw_up(organisation=action.organisation, name="bpf", year=2026, by=by)


def _count_declared() -> None:
    everything_is_told_and_sealed()
    assert _told("action.described", "trainee.described") == {"action.described": 1, "trainee.described": 1}
    draft, described = Draft.objects.get(), Described.objects.get()
    assert draft.done_at and not draft.failure
    lines = blobs.read(_aldermoor().uid, draft.csv).decode().splitlines()
    assert len(lines) >= draft.row_count + 1
    assert blobs.read(_aldermoor().uid, draft.xlsx)[:2] == b"PK"
    assert (described.people, described.unproven_minutes, described.at_risk) == (3, 180, 60_000)
    assert sorted(Trainee.objects.values_list("category", "unproven_minutes")) == [("", 60), ("", 60), ("private", 60)]


# --- A provider seals a paper -------------------------------------------------------------------------------------


def _make_provided() -> None:
    organisation = _aldermoor()
    make_member(organisation, "claire", roles=["lead"])
    keys.current_key(organisation.pk)
    keys.use_provider(organisation.pk, "aldermoor-seal")
    work()


def _write() -> None:
    values = {"title": "Ladders"}
    kind = KINDS["programme"]
    compose(organisation=_aldermoor(), kind=kind, values=values, language="en", by=_named("Claire"), key=KEYS[0])


def _count_provided() -> None:
    everything_is_told_and_sealed()
    paper = Document.objects.get()
    theirs = keys.provider_key(paper.organisation_id)
    assert theirs is not None and paper.provider_sealed_at
    assert [seal.key == theirs.fingerprint for seal in _seals(paper.pdf)] == [False, True]
    told = [fact.content for fact in Entry.objects.filter(fact="document.sealed", object_id=str(paper.uid))]
    assert [one.get("context", {}).get("what", "") for one in told].count("provider's seal") == 1
    assert told[-1]["result"]["sha256"] == paper.pdf


STORIES = {
    "taking a receipt": Story(_make_graduate, _take, _count_taken),
    "bringing a receipt": Story(_make_receipt, _bring, _count_brought),
    "replacing an attestation": Story(_make_graduate, _attest, _count_attested),
    "drawing up a declaration": Story(_make_action, _declare, _count_declared),
    "having a paper sealed by a provider": Story(_make_provided, _write, _count_provided),
}
