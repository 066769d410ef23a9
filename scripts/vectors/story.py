"""What happens in the organisation of the vectors, by the product's own verbs, and the files that it gives out on the way."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from milepost.anchors import publishing
from milepost.attestations import attesting
from milepost.attestations.attesting import Wish, attest
from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.deciding import decide
from milepost.classroom.models import Attendance, LiveSession, Slot, Way
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Holder, Plan, half_days, schedule_session
from milepost.classroom.signing import Circumstances, Signing, sign, take_offline
from milepost.connections import drawing_up, typesetting
from milepost.core import blobs, clock
from milepost.core.canonical import canonical_json
from milepost.core.jobs import run_all
from milepost.core.tables import read_table
from milepost.courses.drafts import import_draft
from milepost.courses.files import InMemory
from milepost.courses.models import Course
from milepost.courses.publishing import publish
from milepost.credentials import badges, issuers, status_lists
from milepost.credentials.models import Certificate
from milepost.documents.sealing import seal_pdf
from milepost.documents.signatures import Signature
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.dossier_file import DossierFile
from milepost.evidence.dossiers import build
from milepost.evidence.models import TrainingAction
from milepost.journal import checkpoints, keys, recording, sealing
from milepost.journal.erasing import erase
from milepost.journal.models import Cosignature, Entry, Timestamp
from milepost.journal.notes import COSIGNATURE, VerifierKey, cosign, public_of
from milepost.journal.proofs import inclusion_proof
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity, open_activity
from milepost.people.identity import proof_of_identity
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member
from milepost.people.organisations import create_organisation
from milepost.people.settings import change as change_settings
from milepost.receipts.making import take_receipt
from milepost.verify.learning import Learning
from vectors.fixed import PASSWORD, as_pkcs12, ed25519_key
from vectors.stamping import pem_of, stamp_over
from vectors.zips import contents

ZONE = ZoneInfo("Europe/Paris")
DAY = date(2026, 3, 12)
COURSE = {
    "course.md": "---\ntitle: Ladders\nslug: ladders\nsummary: Stand safely.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-read.page.md": "---\ntitle: Read\n---\n\nThree points of contact.\n",
    "01-first/02-check.quiz.md": "---\ntitle: Check\npass_mark: 50\nattempts: 2\n---\n\n## One and one?\n\n= 2\n",
}
PEOPLE = (
    "Employee number,First name,Last name,Email\n"
    "N1,Anna,Lindqvist,anna@aldermoor.example\nN2,Bo,Ferreira,bo@aldermoor.example\nN3,Claire,Nygård,claire@aldermoor.example\n"
)
WITNESSES = {
    name: VerifierKey(f"witness.example/{name}", COSIGNATURE, public_of(ed25519_key(name)))
    for name in ("w1", "w2", "w3")
}
SIGNING = Signing(
    Signature(strokes=((10, 80, 60, 40, 90, 120, 140, 60),), width=300, height=160),
    Way.PROJECTED,
    "I was there.",
    Circumstances("192.0.2.7", "Phone", {"latitude": 48.85661, "longitude": 2.35222, "accuracy": 20.0}),
)


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


class Story:
    """One organisation, its people, and what they do; `files` are what it gave out so far, by name."""

    def __init__(self, slug: str = "aldermoor", *, is_demonstration: bool = False) -> None:
        self.files: dict[str, bytes] = {}
        with clock.at(moment(2, 9)):
            self.organisation = create_organisation(
                slug=slug, name="Aldermoor", time_zone=str(ZONE), is_demonstration=is_demonstration
            )
            change_settings(organisation=self.organisation, values={"registration_number": "84 69 12345 69"})
            import_people(organisation=self.organisation, file=HRFile(read_table(PEOPLE.encode())))
            self.anna, self.bo, self.claire = Member.objects.filter(organisation=self.organisation).order_by("pk")
            self.course = self._course()
            enrol_many(
                members=Member.objects.filter(pk__in=[self.anna.pk, self.bo.pk]), course=self.course, by=self.claire
            )
            self.session = self._session()
            self.action = self._action(title="Ladders", course=self.course, takes_course=True, sessions=[self.session])
            self.empty = self._action(title="Nothing yet")

    def _course(self) -> Course:
        tree = InMemory({path: text.encode() for path, text in COURSE.items()})
        publish(course=import_draft(organisation=self.organisation, files=tree, by=self.claire), by=self.claire)
        return Course.objects.select_related("published", "organisation").get(organisation=self.organisation)

    def _session(self) -> LiveSession:
        trainer = Holder(name="Tess Okafor", email="tess@outside.example")
        plan = Plan(title="On the ladder", spans=half_days(DAY, ZONE)[:1], place="Hall", trainers=[trainer])
        made = schedule_session(organisation=self.organisation, by=self.claire, plan=plan)
        register_many(session=made, members=[self.anna, self.bo], by=self.claire)
        return made

    def _action(self, **more: Any) -> TrainingAction:
        plan = ActionPlan(profile="internal", starts_on=DAY, ends_on=DAY, minutes=210, client="Norrviken AB", **more)
        return open_action(organisation=self.organisation, plan=plan, by=self.claire)

    # --- What happens ---

    def learn(self) -> None:
        """Anna does the course; Bo begins it."""
        with clock.at(moment(10, 10)):
            enrolments = Enrolment.objects.filter(organisation=self.organisation).order_by("pk")
            enrolments = enrolments.select_related("member", "course", "organisation")
            for enrolment in enrolments:
                for key in ("01-first/01-read", "01-first/02-check"):
                    activity = enrolment.outline.by_key[key]
                    open_activity(enrolment=enrolment, activity=activity, progress=None)
                    if enrolment.member == self.anna:
                        scored = {"score": 90.0, "is_passed": True} if key.endswith("check") else {}
                        complete_activity(enrolment=enrolment, activity=activity, **scored)

    def attend(self) -> None:
        """Anna signs, and Bo is absent."""
        with clock.at(moment(12, 8, 3)):
            sign(attendance=self.row(self.anna), signing=SIGNING)
            change = Change("absent", absence_reason="Ill, =as she said")
            change_attendance(attendance=self.row(self.bo), change=change, by=self.claire.as_reference())

    def attend_on_one_phone(self) -> None:
        """Both sign on one phone, which is doubtful; the office decides that Anna was there, and Bo was not."""
        with clock.at(moment(12, 8, 3)):
            for member, end in ((self.anna, 60), (self.bo, 90)):
                drawn = Signature(strokes=((10, 80, 60, 40, 90, 120, 140, end),), width=300, height=160)
                sign(attendance=self.row(member), signing=replace(SIGNING, signature=drawn, devices=("a phone",)))
        with clock.at(moment(12, 9)):
            for member, decision in ((self.anna, "there"), (self.bo, "not-there")):
                row = self.row(member)
                seen = {str(row.participant.uid): row.doubts_seen}
                by = self.claire.as_reference()
                decide(slot=row.slot, seen=seen, decision=decision, by=by, reason="I asked.")

    def row(self, member: Member) -> Attendance:
        rows = Attendance.objects.select_related("slot__session__organisation", "participant__member")
        return rows.get(participant__member=member)

    def erase(self) -> None:
        """What Bo began in the course is taken out."""
        with clock.at(moment(14, 9)):
            began = Entry.objects.filter(verb="initialized", actor_id=str(self.bo.uid)).values_list("id", flat=True)
            about = self.action.as_reference()
            by = self.claire.as_reference()
            erase(began, organisation=self.organisation, by=by, about=about, reason="Asked for")

    def change_key(self) -> None:
        with clock.at(moment(16, 9)):
            content = as_pkcs12("next", at=moment(16, 9), common_name="Aldermoor (seal 2)")
            keys.import_pkcs12(self.organisation.pk, content, password=PASSWORD)

    def revoke_key(self) -> None:
        """The first key is said to be nobody's from the day after it was replaced; that is published."""
        with clock.at(moment(16, 11)):
            first = json.loads(contents(self.files["plain.zip"])["manifest.json"])["key"]
            keys.revoke(self.organisation.pk, first, since=moment(15, 0), reason="The disk was lost")
            self.files["keys.json"] = json.dumps(publishing.keys_of(self.organisation), indent=1).encode()

    def close(self) -> None:
        """The trainer closes the half-day; the sheet and Anna's certificate are made and sealed."""
        with clock.at(moment(12, 11)):
            slot = Slot.objects.select_related("session__organisation").get()
            close_slot(slot=slot, trainer=slot.session.trainers.get(), signing=SIGNING)
        with clock.at(moment(17, 12)):
            deliver_all()
            run_all(queues=["files"])

    def draw_up(self) -> None:
        """The connection record of Anna is drawn up and sealed."""
        with clock.at(moment(18, 11)):
            drawing_up.draw_up(action=self.action, members=[self.anna.pk], by=self.claire)
            run_all(queues=["files"])

    def attest(self, name: str) -> None:
        """That one of two people was certified on a day is attested."""
        with clock.at(moment(18, 13)):
            made = attest(organisation=self.organisation, wish=Wish((self.course,), date(2026, 3, 17)), by=self.claire)
            run_all(queues=["builds"])
            made.refresh_from_db()
            self.files[name] = blobs.read(self.organisation.uid, made.pdf)

    def take_receipt(self) -> None:
        """Anna takes along what she learnt: the course, not the session."""
        file = io.BytesIO()
        with clock.at(moment(17, 14)):
            take_receipt(member=self.anna, by=self.anna, file=file, things=[str(self.course.uid)])
        self.files["receipt.zip"] = file.getvalue()

    def seal_on_top(self) -> None:
        """A stranger, whose certificate has the same name, seals the certificate once more."""
        with clock.at(moment(17, 14)):
            content = as_pkcs12("stranger", at=moment(13, 8), common_name="Aldermoor (seal 2)")
            key = keys.import_pkcs12(self.organisation.pk, content, password=PASSWORD)
            self.files["certificate-sealed-on-top.pdf"] = seal_pdf(
                self.files["certificate.pdf"], key=key, time=moment(17, 14)
            )

    def correct(self) -> None:
        """Bo was there after all: his signature arrives, and a correction says so. Anna left early."""
        with clock.at(moment(18, 9)):
            strokes = ((5, 5, 90, 20),)
            late = replace(
                SIGNING, signature=Signature(strokes=strokes, width=300, height=160), circumstances=Circumstances()
            )
            row = self.row(self.bo)
            take_offline(slot=row.slot, signings=[(str(row.participant.uid), late)])
            present = Change("present")
            change_attendance(
                attendance=self.row(self.bo), change=present, by=self.claire.as_reference(), why="Was there"
            )
            left = Change(left_at=moment(12, 10, 45))
            change_attendance(
                attendance=self.row(self.anna), change=left, by=self.claire.as_reference(), why="Went early"
            )
            deliver_all()
            run_all(queues=["files"])

    def write_loosely(self, change: Callable[[bytes], bytes]) -> None:
        """By an administrator: a fact is recorded in JSON of another form, and sealed like any other."""
        loosely = lambda value: change(canonical_json(value))  # noqa: E731
        with patch.object(recording, "canonical_json", loosely), clock.at(moment(13, 9)):
            why = Change("absent", absence_reason="In bed")
            change_attendance(attendance=self.row(self.bo), change=why, by=self.claire.as_reference(), why="In bed")

    # --- What it gives out ---

    def give(
        self, name: str, *, at: datetime, action: TrainingAction | None = None, member: Member | None = None
    ) -> None:
        """The dossier, built at this time."""
        file = io.BytesIO()
        with clock.at(at):
            build(action=action or self.action, member=member, file=file)
        self.files[name] = file.getvalue()

    def stamped(self, name: str, *, at: datetime, time: datetime | None = None, over: bytes | None = None) -> None:
        """The dossier under a seal that an authority stamped at `time`, over its signature or something else."""
        with clock.at(at):
            seal = sealing.seal(self.organisation.pk)
        assert seal  # noqa: S101 (something was sealed)
        content = bytes(seal.signature) if over is None else over
        token = stamp_over(content, time=time or at)
        Timestamp.objects.create(seal=seal, token=token.dump(), time=time or at)
        self.give(name, at=at)

    def witnessed(self, name: str, *names: str, at: datetime) -> None:
        """The dossier under a head that these witnesses cosigned a minute later."""
        with clock.at(at):
            seal = sealing.seal(self.organisation.pk)
        assert seal  # noqa: S101 (something was sealed)
        checkpoint = checkpoints.of_seal(seal)
        assert checkpoint  # noqa: S101 (something was sealed)
        text, time = checkpoints.note_of(checkpoint).text, at + timedelta(minutes=1)
        for witness in names:
            signature = cosign(ed25519_key(witness), WITNESSES[witness], text, time=int(time.timestamp()))
            said = {"content": signature.content, "time": time}
            Cosignature.objects.create(checkpoint=checkpoint, witness=str(WITNESSES[witness]), **said)
        self.give(name, at=at)

    def prove(self, name: str, **which: Any) -> None:
        """The proof of the first fact of this sort."""
        found = inclusion_proof(Entry.objects.filter(**which).order_by("pk")[0])
        self.files[name] = json.dumps(found, indent=1).encode()

    def give_certificate(self) -> None:
        """Anna's certificate, and the badge in its three forms, with the keys that the issuer publishes."""
        with clock.at(moment(17, 13)):
            given = Certificate.objects.select_related(
                "organisation", "enrolment__member", "enrolment__course", "status_list"
            ).get()
            self.files["certificate.pdf"] = blobs.read(self.organisation.uid, given.pdf)
            self.files["badge.svg"] = badges.baked_svg(given).encode()
            self.files["badge.json"] = json.dumps(badges.document(given), indent=1).encode()
            self.files["revoked-badges.jwt"] = status_lists.as_token(given.status_list).encode()
            self.files["jwks.json"] = json.dumps(issuers.key_set(self.organisation), indent=1).encode()


def told() -> dict[str, bytes]:
    """Every file that the product gives out, and those of an administrator who had it write something else."""
    story, numbers = Story(), DossierFile._numbers
    story.learn()
    with otherwise():
        story.attend_on_one_phone()
        story.give("doubted.zip", at=moment(13, 8))
    story.attend()
    story.give("plain.zip", at=moment(13, 8))
    story.give("one-person.zip", at=moment(13, 8), member=story.anna)
    story.give("nothing-yet.zip", at=moment(13, 8), action=story.empty)
    story.prove("fact.json", verb="signed")
    with otherwise():
        story.witnessed("witnessed.zip", "w1", "w2", at=moment(13, 8))
    with otherwise():
        story.stamped("stamped.zip", at=moment(13, 8))
        story.prove("stamped-fact.json", verb="signed")
    with otherwise():
        story.stamped("stamped.zip", at=moment(13, 8))
        story.erase()
        story.stamped("stamped-twice.zip", at=moment(14, 10))
    with otherwise():
        story.stamped("stamp-of-another-seal.zip", at=moment(13, 8), over=b"something else")
    with otherwise():
        story.stamped("stamp-from-before.zip", at=moment(13, 8), time=moment(13, 6))
    for name, change in LOOSE.items():
        with otherwise():
            story.write_loosely(change)
            story.give(name, at=moment(13, 10))
    with (
        otherwise(),
        patch.object(DossierFile, "_numbers", lambda self, count: numbers(self, count) | {"minutes": 420}),
    ):
        story.give("cover-says-otherwise.zip", at=moment(13, 8))
    with otherwise():
        story.write_loosely(lambda text: text)
        story.give("another-journal.zip", at=moment(14, 10))
    story.erase()
    story.give("erased.zip", at=moment(14, 10))
    story.prove("erased-fact.json", statement="")
    story.change_key()
    story.give("handed-over.zip", at=moment(16, 10))
    story.revoke_key()
    story.close()
    story.give("closed.zip", at=moment(17, 13))
    story.give_certificate()
    with otherwise():
        story.take_receipt()
    with otherwise():
        story.seal_on_top()
    story.correct()
    story.give("corrected.zip", at=moment(18, 10))
    demonstration = _of_a_demonstration()
    with otherwise():
        story.draw_up()
        story.give("connections.zip", at=moment(18, 12))
    with otherwise(), patch.object(Learning, "sittings", _an_hour_longer(Learning.sittings)):
        story.draw_up()
        story.give("connections-otherwise.zip", at=moment(18, 12))
    with otherwise(), patch.object(typesetting, "page_of", _without_sittings(typesetting.page_of)):
        story.draw_up()
        story.give("connections-carry-otherwise.zip", at=moment(18, 12))
    with otherwise():
        story.attest("attestation.pdf")
    with otherwise(), patch.object(attesting, "content_of", _of_somebody_else(attesting.content_of)):
        story.attest("attestation-of-another-name.pdf")
    with otherwise(), patch.object(attesting, "proof_of_identity", _as_it_was):
        story.attest("attestation-as-it-was.pdf")
    return story.files | demonstration


def _an_hour_longer(true: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: [sitting | {"to": sitting["to"].replace("T10", "T11")} for sitting in true(*args)]


def _without_sittings(true: Callable[..., Any]) -> Callable[..., Any]:
    def page_of(record: Any) -> Any:
        page = true(record)
        return page | {"record": json.dumps(json.loads(page["record"]) | {"sittings": []})}

    return page_of


def _of_somebody_else(true: Callable[..., Any]) -> Callable[..., Any]:
    def content_of(*args: Any) -> Any:
        said = true(*args)
        return said | {"organisation": said["organisation"] | {"name": "Somebody Else Ltd"}}

    return content_of


def _as_it_was(organisation: Any, head: Any) -> dict[str, Any]:
    """As if the first fact of who the organisation is were the newest."""
    proof = proof_of_identity(organisation, head)
    first = Entry.objects.filter(fact="identity.stated", organisation_id=organisation.pk).earliest("id")
    return proof | {"fact": inclusion_proof(first, head), "leaves": proof["leaves"][:1]}


def _of_a_demonstration() -> dict[str, bytes]:
    """The dossier of a demonstration, and one that whoever holds the key sealed as if it were none."""
    story = Story("stories", is_demonstration=True)
    story.learn()
    story.attend()
    story.give("demonstration.zip", at=moment(13, 8))
    story.prove("demonstration-fact.json", verb="signed", organisation_id=story.organisation.pk)
    with otherwise(), patch.object(sealing, "whose_of", lambda organisation: {"organisation": str(organisation.uid)}):
        story.write_loosely(bytes)
        story.give("demonstration-not-said-by-the-seal.zip", at=moment(13, 10))
    return story.files


@contextmanager
def otherwise() -> Iterator[None]:
    """What happens in the block has not happened afterwards: a story goes on in several ways."""
    seals = Path(settings.ENVIRONMENT.data) / "seals"
    seals.mkdir(exist_ok=True)
    with transaction.atomic(), TemporaryDirectory() as kept:
        shutil.copytree(seals, kept, dirs_exist_ok=True)
        yield
        transaction.set_rollback(True)
        shutil.rmtree(seals)
        shutil.copytree(kept, seals)


def policy() -> bytes:
    """Two of three witnesses (C2SP tlog-policy)."""
    lines = [f"witness {name} {key}" for name, key in WITNESSES.items()]
    return "\n".join([*lines, f"group enough 2 {' '.join(WITNESSES)}", "quorum enough", ""]).encode()


def authority() -> bytes:
    """The certificate of the authority that stamped, in PEM."""
    token = stamp_over(b"", time=moment(13, 8))
    return pem_of(token)


LOOSE: dict[str, Callable[[bytes], bytes]] = {
    "fact-not-canonical.zip": lambda text: text.replace(b'":"', b'": "', 1),
    "fact-says-twice.zip": lambda text: text.replace(b'{"actor"', b'{"verb":"signed","actor"', 1),
}
