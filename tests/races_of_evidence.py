"""Races in the office: numbers that are given out, files that are added, words that are kept, codes that are taken."""

import re
from datetime import date
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from milepost.classroom.models import Participant, Trainer
from milepost.classroom.registering import Arrival, register_arrival
from milepost.classroom.scheduling import Holder, add_trainer, cancel_session, remove_trainer, schedule_session
from milepost.classroom.session_documents import add_document
from milepost.core import clock
from milepost.core.once import new_key
from milepost.documents.composing import compose, upload
from milepost.documents.ending import withdraw
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document, SignatureRequest, Wording
from milepost.documents.places import put_places
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.tests.agreements import a_pdf
from milepost.documents.wordings import keep_wording, wording_of
from milepost.evidence.actions import ActionPlan, add_piece, open_action, write_document
from milepost.evidence.auditing import Invitation, end_audit, identify, invite_auditor, send_code
from milepost.evidence.dossiers import ask_for
from milepost.evidence.models import Audit, Dossier, TrainingAction
from milepost.notices.models import Notice
from milepost.people.models import Member, Organisation
from milepost.people.settings import change
from tests.races_of_classroom import make_session
from tests.racing import Pair, Race, facts, house, no_fault
from tests.stories import VALUES


def _world() -> Any:
    world = house()
    change(organisation=world[0], values={"trainer_rights": ["add-people", "add-new-people"], "mails_link": False})
    return world


def _plan(organisation: Organisation, **more: Any) -> ActionPlan:
    day = date(2026, 11, 26)
    return ActionPlan(title="T", profile="fr", starts_on=day, ends_on=day, minutes=60, **more)


def _open_two(world: Any) -> Pair:
    """Two actions opened at once have two numbers, whatever somebody numbered by hand before."""
    organisation, lead, _members = world
    before = TrainingAction.objects.filter(organisation=organisation).count()

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert TrainingAction.objects.filter(organisation=organisation).count() == before + 2

    return [lambda: open_action(organisation=organisation, plan=_plan(organisation), by=lead)] * 2, count


def _schedule_two(world: Any) -> Pair:
    organisation, lead, _members = world
    first, plan = make_session(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        numbers = type(first).objects.filter(number__gt=first.number, organisation=organisation)
        assert sorted(numbers.values_list("number", flat=True)) == [first.number + 1, first.number + 2]

    return [lambda: schedule_session(organisation=organisation, plan=plan, by=lead)] * 2, count


def _add_a_piece_twice(world: Any) -> Pair:
    """One file, “Add” pressed twice: it is there once."""
    organisation, lead, _members = world
    action = open_action(organisation=organisation, plan=_plan(organisation), by=lead)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        [piece] = action.pieces.all()
        assert facts("created", piece.uid) == 1

    def add() -> None:
        add_piece(action=action, key="hot-evaluation", name="p.pdf", content=str(action.uid).encode(), by=lead)

    return [add, add], count


def _certified(world: Any) -> tuple[TrainingAction, Member]:
    """An action with one person in it, for whom no certificate was issued."""
    organisation, lead, members = world
    action = open_action(organisation=organisation, plan=_plan(organisation, members=members[:1]), by=lead)
    return TrainingAction.objects.select_related("organisation", "course").get(pk=action.pk), members[0]


def _papers(action: TrainingAction) -> Any:
    return Document.objects.filter(about__startswith=f"{action.about}:", kind="completion")


def _write_a_certificate_twice(world: Any) -> Pair:
    """“Write it” pressed by two at once: one paper."""
    action, member = _certified(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        [paper] = _papers(action)
        assert paper.is_the_one
        assert facts("created", paper.uid) == 1

    return [lambda: write_document(action=action, kind="completion", by=world[1], member=member)] * 2, count


def _write_a_certificate_anew_and_ask(world: Any) -> Pair:
    """A certificate is written anew, as it says something else, while somebody is asked to sign the first: one of them counts."""
    action, member = _certified(world)
    first = write_document(action=action, kind="completion", by=world[1], member=member)
    parties = [Party("Ada", "ada@one.example")]
    TrainingAction.objects.filter(pk=action.pk).update(title="Another")
    anew = TrainingAction.objects.select_related("organisation", "course").get(pk=action.pk)

    def count(answers: list[str]) -> None:
        assert answers in (["InvalidAction", "done"], ["RefusedDocument", "done"], ["done", "RequestRefused"]), answers
        [counts] = _papers(action).filter(is_the_one=True)
        assert (counts == first) == (answers[1] == "done")
        assert SignatureRequest.objects.filter(document__in=_papers(action)).count() == (answers[1] == "done")

    return [
        lambda: write_document(action=anew, kind="completion", by=world[1], member=member),
        lambda: request_signatures(document=first, parties=parties, terms=Terms(), by=world[1]),
    ], count


def _withdraw_and_write_a_certificate(world: Any) -> Pair:
    """What is withdrawn while it is written anew counts no more, and at most one other does."""
    action, member = _certified(world)
    first = write_document(action=action, kind="completion", by=world[1], member=member)
    parties = [Party("Ada", "ada@one.example")]
    request = request_signatures(document=first, parties=parties, terms=Terms(), by=world[1])

    def count(answers: list[str]) -> None:
        assert answers in (["done", "done"], ["done", "InvalidAction"], ["done", "RefusedDocument"]), answers
        counting = list(_papers(action).filter(is_the_one=True))
        assert first not in counting and len(counting) == (answers[1] == "done")

    return [
        lambda: withdraw(request=request, reason="Wrong", by=world[1]),
        lambda: write_document(action=action, kind="completion", by=world[1], member=member),
    ], count


def _ask_for_a_dossier_twice(world: Any) -> Pair:
    """Pressed twice, a dossier is built once."""
    organisation, lead, _members = world
    action = open_action(organisation=organisation, plan=_plan(organisation), by=lead)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Dossier.objects.filter(action=action).count() == facts("requested", action.uid) == 1

    return [lambda: ask_for(action=action, by=lead)] * 2, count


CLAUSE = [{"title": "Place", "text": "At Lyon."}]


def _keep_first_words(world: Any) -> Pair:
    """Two in the office say the first words of a kind at once: the later ones hold, and both are told that they do."""
    organisation, lead, _members = world
    Wording.objects.filter(organisation=organisation).delete()
    kind = KINDS["agreement"]
    pages = [wording_of(organisation, kind, "en") for _ in range(2)]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Wording.objects.filter(organisation=organisation).count() == 1

    return [
        lambda page=page: keep_wording(wording=page, kind=kind, blocks={}, clauses=CLAUSE, by=lead) for page in pages
    ], count


def _add_a_trainer_twice(world: Any) -> Pair:
    session, _plan = make_session(world)
    lead, member = world[1], world[2][0]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Trainer.objects.filter(session=session, member=member, removed_at=None).count() == 1
        assert facts("granted", member.uid) == before + 1

    before = facts("granted", member.uid)
    return [lambda: add_trainer(session=session, holder=Holder(member), by=lead)] * 2, count


def _add_an_outside_trainer_twice(world: Any) -> Pair:
    session, _plan = make_session(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Trainer.objects.filter(session=session, email="una@outside.example").count() == 1

    holder = Holder(name="Una", email="una@outside.example")
    return [lambda: add_trainer(session=session, holder=holder, by=world[1])] * 2, count


def _remove_a_trainer_twice(world: Any) -> Pair:
    session, _plan = make_session(world)
    trainer = session.trainers.get()

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert facts("revoked", trainer.uid) == 1

    return [lambda: remove_trainer(trainer=trainer, by=world[1])] * 2, count


def _cancel_twice(world: Any) -> Pair:
    session, _plan = make_session(world)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["InvalidSession", "done"], answers
        assert facts("cancelled", session.uid) == 1

    return [lambda: cancel_session(session=session, reason="snow", by=world[1])] * 2, count


def _arrive_twice(world: Any) -> Pair:
    """Two trainers take in the same newcomer."""
    session, _plan = make_session(world)
    trainer = session.trainers.get()
    arrival = Arrival(f"new-{session.number}@x.example", "Nia", "New")

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        [seat] = Participant.objects.filter(session=session, member__email=arrival.email)
        assert facts("created", seat.member.uid) == 1

    return [lambda: register_arrival(arrival=arrival, trainer=trainer)] * 2, count


def _share_a_file_twice(world: Any) -> Pair:
    session, _plan = make_session(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert session.documents.count() == 1

    return [lambda: add_document(session=session, file=SimpleUploadedFile("plan.txt", b"out"))] * 2, count


def _brought(world: Any) -> Document:
    organisation, lead, _members = world
    return upload(organisation=organisation, content=a_pdf(), name="a.pdf", title="A", language="en", by=lead)


def _place_and_ask(world: Any) -> Pair:
    """What people are asked to sign has the places that were put last, or none are put any more."""
    document, lead = _brought(world), world[1]
    place = {"x": 0.1, "y": 0.1, "width": 0.3, "height": 0.1, "signatory": 0, "page": 0, "kind": "signature"}
    page = Document.objects.select_related("organisation").get(pk=document.pk)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert answers.count("done") == 1, answers

    return [
        lambda: request_signatures(document=page, parties=[Party("A", "a@one.example")], terms=Terms(), by=lead),
        lambda: put_places(document=document, places=[place]),
    ], count


def _ask_twice(world: Any) -> Pair:
    document, lead = _brought(world), world[1]
    pages = [Document.objects.select_related("organisation").get(pk=document.pk) for _ in range(2)]

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["RequestRefused", "done"], answers
        assert SignatureRequest.objects.filter(document=document).count() == facts("requested", document.uid) == 1

    return [
        lambda page=page: request_signatures(
            document=page, parties=[Party("A", "a@one.example")], terms=Terms(), by=lead
        )
        for page in pages
    ], count


def _bring_twice(world: Any) -> Pair:
    """“Bring it” pressed twice: one document. Somebody else’s form brings another."""
    organisation, lead, _members = world
    key, content = new_key(), a_pdf()
    before = Document.objects.filter(organisation=organisation).count()
    files: list[Document] = []

    def bring(key: str) -> None:
        typed = {"name": "a.pdf", "title": "A", "language": "en"}
        files.append(upload(organisation=organisation, content=content, by=lead, key=key, **typed))

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 3, answers
        assert Document.objects.filter(organisation=organisation).count() == before + 2
        assert [facts("created", uid) for uid in {file.uid for file in files}] == [1, 1]

    return [lambda: bring(key), lambda: bring(key), lambda: bring(new_key())], count


def _compose_twice(world: Any) -> Pair:
    organisation, lead, _members = world
    key, kind, made = new_key(), KINDS["agreement"], list[Document]()

    def make() -> None:
        made.append(compose(organisation=organisation, kind=kind, values=VALUES, language="en", by=lead, key=key))

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert made[0] == made[1]
        assert facts("created", made[0].uid) == 1

    return [make, make], count


def _invite_an_auditor_twice(world: Any) -> Pair:
    """“Invite” pressed twice: one audit, one mail."""
    organisation, lead, _members = world
    today = clock.today(organisation.time_zone)
    address = f"{new_key()}@funds.example"
    invitation = Invitation("Ines", address, today, today, key=new_key())

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        [audit] = Audit.objects.filter(organisation=organisation, email=address)
        assert facts("invited", audit.uid) == Notice.objects.filter(recipient=address).count() == 1

    return [lambda: invite_auditor(organisation=organisation, invitation=invitation, by=lead)] * 2, count


def _audit(world: Any) -> Audit:
    organisation, lead, _members = world
    today = clock.today(organisation.time_zone)
    return invite_auditor(
        organisation=organisation, invitation=Invitation("Ines", "ines@funds.example", today, today), by=lead
    )


def _codes() -> list[str]:
    """The codes that were sent, the newest first."""
    sent = sorted(settings.OUTBOX.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [code for path in sent for code in re.findall(r"^ *(\d{6})\s*$", path.read_text(), re.MULTILINE)[:1]]


def _send_two_codes(world: Any) -> Pair:
    """“Send a code” pressed twice: one code, which is the one that counts."""
    audit = _audit(world)
    pages = [Audit.objects.select_related("organisation").get(pk=audit.pk) for _ in range(2)]
    before = len(_codes())

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["TooSoon", "done"], answers
        assert len(_codes()) == before + 1
        assert identify(audit=audit, code=_codes()[0]) == ""

    return [lambda page=page: send_code(audit=page) for page in pages], count


def _redeem_twice(world: Any) -> Pair:
    audit = _audit(world)
    send_code(audit=audit)
    code = _codes()[0]
    problems: list[str] = []

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert problems.count("") == facts("identified", audit.uid) == 1

    return [lambda: problems.append(identify(audit=audit, code=code))] * 2, count


def _end_twice(world: Any) -> Pair:
    audit = _audit(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert facts("cancelled", audit.uid) == 1

    return [lambda: end_audit(audit=audit, by=world[1])] * 2, count


RACES = {
    "numbering actions": Race(_world, _open_two),
    "numbering sessions": Race(_world, _schedule_two),
    "adding a file to an action": Race(_world, _add_a_piece_twice),
    "writing a certificate": Race(_world, _write_a_certificate_twice),
    "writing a certificate anew and asking for signatures": Race(_world, _write_a_certificate_anew_and_ask),
    "withdrawing a certificate and writing it anew": Race(_world, _withdraw_and_write_a_certificate),
    "asking for a dossier": Race(_world, _ask_for_a_dossier_twice),
    "saying the first words": Race(_world, _keep_first_words),
    "adding a trainer": Race(_world, _add_a_trainer_twice),
    "adding a trainer from outside": Race(_world, _add_an_outside_trainer_twice),
    "removing a trainer": Race(_world, _remove_a_trainer_twice),
    "cancelling a session": Race(_world, _cancel_twice),
    "taking in a newcomer": Race(_world, _arrive_twice),
    "sharing a file": Race(_world, _share_a_file_twice),
    "putting places and asking": Race(_world, _place_and_ask),
    "asking for signatures": Race(_world, _ask_twice),
    "bringing a file": Race(_world, _bring_twice),
    "making a document": Race(_world, _compose_twice),
    "inviting an auditor": Race(_world, _invite_an_auditor_twice),
    "sending a code": Race(_world, _send_two_codes),
    "redeeming a code": Race(_world, _redeem_twice),
    "ending an audit": Race(_world, _end_twice),
}
