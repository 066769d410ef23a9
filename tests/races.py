"""Two people at once, with real connections: what happens once, happens once, and what is counted is what is there.

    main("signing a half-day")     # one of `RACES`; in a process with a database of its own, on PostgreSQL

Each race makes thirty pairs. Both of a pair wait at a barrier, and go.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance, LiveSession, Slot
from milepost.classroom.registering import leave, register_many
from milepost.classroom.scheduling import Holder, Plan, cancel_session, change_session, half_days, schedule_session
from milepost.classroom.signing import sign
from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.documents import signing as signing_documents
from milepost.documents.composing import compose
from milepost.documents.declining import decline, delegate
from milepost.documents.ending import withdraw
from milepost.documents.kinds import KINDS
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signing import Act as DocumentAct
from milepost.documents.signing import sign as sign_document
from milepost.journal.keys import current_key
from milepost.journal.models import Entry, SigningKey
from milepost.learning.attempting import finish_attempt, save_answers, start_attempt
from milepost.learning.enrolling import enrol, enrol_many
from milepost.learning.models import Answer, Attempt, Enrolment
from milepost.people.models import Member, Organisation
from milepost.people.organisations import create_organisation
from tests.stories import DRAWN, SIGNING, VALUES
from tests.worlds import SMALL_COURSE, make_course, make_member, make_people

PAIRS = 30
Act = Callable[[], object]


def main(name: str) -> None:
    done = Counter[str]()
    wrong: list[str] = []
    race = RACES[name]
    world = race.make()
    for turn in range(PAIRS):
        acts, count = race.pair(world)
        answers = at_once(acts)
        done.update(answers)
        try:
            count(answers)
        except AssertionError as error:
            wrong.append(f"pair {turn}: {error}")
    print(f"{name}: {PAIRS - len(wrong)} of {PAIRS} pairs right; {dict(done)}")
    assert not wrong, wrong


def at_once(acts: list[Act]) -> list[str]:
    """Do these in threads of their own at the same moment; what each answered: "done", or the name of a refusal or fault."""
    barrier = threading.Barrier(len(acts))
    answers = [""] * len(acts)

    def one(at: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(20)
            acts[at]()
            answers[at] = "done"
        except Exception as error:
            answers[at] = (
                type(error).__name__ if isinstance(error, Refused) else f"FAULT {type(error).__name__}: {error}"
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def no_fault(answers: list[str]) -> None:
    assert not [one for one in answers if one.startswith("FAULT")], answers


@dataclass(frozen=True)
class Race:
    """`make` makes a world once; `pair` tells what is done at once in it, and what must be so afterwards."""

    make: Callable[[], Any]
    pair: Callable[[Any], "Pair"]


SIGNATURE = DocumentAct(DRAWN)

type Pair = tuple[list[Act], Callable[[list[str]], None]]


def facts(verb: str, object_id: object) -> int:
    return Entry.objects.filter(verb=verb, object_id=str(object_id)).count()


# --- Classroom --------------------------------------------------------------------------------------------


def _house() -> Any:
    organisation = Organisation.objects.get()
    lead = make_member(organisation, "claire", roles=["lead", "owner"])
    make_people(organisation, 6)
    return organisation, lead, list(Member.objects.filter(organisation=organisation, user=None).order_by("pk"))


def _session(world: Any, *, halves: int = 1, people: int = 1) -> tuple[LiveSession, Any]:
    organisation, lead, members = world
    spans = half_days(clock.now().date() - timedelta(days=1), ZoneInfo("UTC"))[:halves]
    plan = Plan(title="Drill", spans=spans, place="Hall", trainers=[Holder(name="Tess", email="tess@outside.example")])
    made = schedule_session(organisation=organisation, plan=plan, by=lead)
    register_many(session=made, members=members[:people], by=lead)
    return made, plan


def _rows(session: LiveSession) -> list[Attendance]:
    rows = Attendance.objects.select_related("slot__session__organisation", "participant__member")
    return list(rows.filter(slot__session=session).order_by("pk"))


def _slots(session: LiveSession) -> list[Slot]:
    return list(Slot.objects.select_related("session__organisation").filter(session=session).order_by("starts_at"))


def _sign_twice(world: Any) -> Pair:
    session, _plan = _session(world)
    a, b = _rows(session)[0], _rows(session)[0]

    def count(answers: list[str]) -> None:
        assert facts("signed", a.slot.uid) == 1, (answers, facts("signed", a.slot.uid))
        assert sorted(answers) == ["AlreadySigned", "done"], answers

    return [lambda: sign(attendance=a, signing=SIGNING), lambda: sign(attendance=b, signing=SIGNING)], count


def _sign_and_close(world: Any) -> Pair:
    session, _plan = _session(world, people=5)
    rows, [slot] = _rows(session), _slots(session)
    trainer = session.trainers.get()

    def count(answers: list[str]) -> None:
        no_fault(answers)
        [closed] = Entry.objects.filter(verb="closed", object_id=str(slot.uid))
        signed = json.loads(closed.statement)["result"]["signed"]
        there = Attendance.objects.signed().filter(slot=slot).count()
        assert signed == there == answers[1:].count("done") == facts("signed", slot.uid), (signed, there, answers)

    acts: list[Act] = [lambda: close_slot(slot=slot, trainer=trainer, signing=SIGNING)]
    acts += [lambda row=row: sign(attendance=row, signing=SIGNING) for row in rows]
    return acts, count


def _close_both(world: Any) -> Pair:
    session, _plan = _session(world, halves=2)
    trainer = session.trainers.get()
    first, second = _slots(session)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert session.sheets.count() == 1, session.sheets.count()

    return [
        lambda: close_slot(slot=first, trainer=trainer, signing=SIGNING),
        lambda: close_slot(slot=second, trainer=trainer, signing=SIGNING),
    ], count


def _close_twice(world: Any) -> Pair:
    session, _plan = _session(world)
    trainer = session.trainers.get()
    first, second = _slots(session)[0], _slots(session)[0]

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert facts("closed", first.uid) == 1 and session.sheets.count() == 1

    return [
        lambda: close_slot(slot=first, trainer=trainer, signing=SIGNING),
        lambda: close_slot(slot=second, trainer=trainer, signing=SIGNING),
    ], count


def _sign_and_leave(world: Any) -> Pair:
    session, _plan = _session(world)
    [row] = _rows(session)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        there = Attendance.objects.signed().filter(slot__session=session).count()
        assert answers.count("done") == 1, answers
        assert there == facts("signed", row.slot.uid), (there, facts("signed", row.slot.uid), answers)

    return [lambda: sign(attendance=row, signing=SIGNING), lambda: leave(participant=row.participant)], count


def _sign_and_cancel(world: Any) -> Pair:
    session, _plan = _session(world)
    [row] = _rows(session)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert answers.count("done") == 1, answers

    return [
        lambda: sign(attendance=row, signing=SIGNING),
        lambda: cancel_session(session=session, reason="snow", by=world[1]),
    ], count


def _sign_and_move(world: Any) -> Pair:
    session, plan = _session(world)
    [row] = _rows(session)
    plan.spans = [(start + timedelta(minutes=30), end + timedelta(minutes=30)) for start, end in plan.spans]

    def count(answers: list[str]) -> None:
        no_fault(answers)
        there = Attendance.objects.signed().filter(slot__session=session).count()
        assert answers.count("done") == 1, answers
        assert there == facts("signed", row.slot.uid), (there, answers)

    return [
        lambda: sign(attendance=row, signing=SIGNING),
        lambda: change_session(session=session, plan=plan, by=world[1]),
    ], count


def _mark_and_sign(world: Any) -> Pair:
    session, _plan = _session(world)
    [row] = _rows(session)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        row.refresh_from_db()
        assert facts("marked", row.slot.uid) + facts("corrected", row.slot.uid) == 1 - answers[1:].count(
            "SigningRefused"
        )
        signed = bool(row.signed_at) or bool(row.earlier)
        assert signed == bool(facts("signed", row.slot.uid)), (answers, row.signed_at, row.absent_at)

    return [
        lambda: sign(attendance=row, signing=SIGNING),
        lambda: change_attendance(attendance=row, change=Change(state="absent"), by=world[1].as_reference()),
    ], count


def _mark_and_close(world: Any) -> Pair:
    """What comes after the closing is a correction, and needs a reason."""
    session, _plan = _session(world)
    [row], [slot] = _rows(session), _slots(session)
    trainer = session.trainers.get()

    def count(answers: list[str]) -> None:
        no_fault(answers)
        order = list(
            Entry.objects.filter(object_id=str(slot.uid), verb__in=("marked", "closed"))
            .order_by("time")
            .values_list("verb", flat=True)
        )
        assert order in (["marked", "closed"], ["closed"]), (order, answers)

    return [
        lambda: change_attendance(attendance=row, change=Change(state="absent"), by=world[1].as_reference()),
        lambda: close_slot(slot=slot, trainer=trainer, signing=SIGNING),
    ], count


# --- Documents --------------------------------------------------------------------------------------------


def _document(world: Any) -> list[Signatory]:
    organisation, lead, _members = world
    document = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    parties = [Party("Anna", "anna@one.example", "for us"), Party("Otto", "otto@two.example", "for the client")]
    request_signatures(document=document, parties=parties, terms=Terms(), by=lead)
    rows = Signatory.objects.filter(request__document=document).order_by("pk")
    return list(rows.select_related("request__document__organisation", "member"))


def _sign_and(other: Callable[[Signatory, Member], object]) -> Callable[[Any], Pair]:
    """The last signature is put under the document while somebody else ends the request, or passes the signature on."""

    def pair(world: Any) -> Pair:
        anna, otto = _document(world)
        sign_document(signatory=anna, act=SIGNATURE)
        # Both go when the file with the second signature is there, and nothing of it is in the database.
        sealed, ready = signing_documents._sealed, threading.Barrier(2)

        def sealed_and_ready(*args: Any) -> str:
            digest = sealed(*args)
            if ready.n_waiting:
                ready.wait(20)
            return digest

        def sign_it() -> None:
            signing_documents._sealed = sealed_and_ready
            try:
                sign_document(signatory=otto, act=SIGNATURE)
            finally:
                signing_documents._sealed = sealed

        def act_meanwhile() -> None:
            ready.wait(20)
            other(Signatory.objects.select_related("request__document", "member").get(pk=otto.pk), world[1])

        def count(answers: list[str]) -> None:
            no_fault(answers)
            assert answers.count("done") == 1, answers
            _ended_once(otto.request)

        return [sign_it, act_meanwhile], count

    return pair


def _ended_once(request: SignatureRequest) -> None:
    told = Counter(Entry.objects.filter(object_id=str(request.document.uid)).values_list("verb", flat=True))
    request.refresh_from_db()
    ends = {"completed": "completed", "withdrawn": "withdrew", "declined": "declined"}
    assert {verb: told[verb] for verb in ends.values() if told[verb]} == (
        {} if request.is_open else {ends[request.status]: 1}
    )
    assert told["signed"] == request.signatories.filter(state="signed").count(), dict(told)


# --- Learning ---------------------------------------------------------------------------------------------


def _course_and_people() -> Any:
    organisation, lead, members = _house()
    return organisation, lead, members, iter(range(PAIRS))


def _enrol_at_once(world: Any) -> Pair:
    """Somebody joins by themselves while everybody is enrolled."""
    organisation, lead, members, numbers = world
    number = next(numbers)
    tree = SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("slug: ladders", f"slug: ladders-{number}")}
    course = make_course(organisation, tree, by=lead)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert Enrolment.objects.filter(course=course).count() == len(members)
        assert facts("registered", course.uid) == len(members)

    people = Member.objects.filter(pk__in=[member.pk for member in members])
    acts: list[Act] = [lambda: enrol_many(members=people, course=course, by=lead)]
    return acts + [lambda one=one: enrol(member=one, course=course) for one in members[:3]], count


def _answer_and_finish(world: Any) -> Pair:
    """An answer that was taken is judged: none comes in between."""
    organisation, lead, members, numbers = world
    number = next(numbers)
    tree = SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("slug: ladders", f"slug: ladders-{number}")}
    enrolment = enrol(member=members[0], course=make_course(organisation, tree, by=lead), by=lead)
    quiz = enrolment.outline.by_key["01-first/02-check"]
    attempt = start_attempt(enrolment=enrolment, activity=quiz, limit=None, seconds=None)
    read_by_page = Attempt.objects.get(pk=attempt.pk)

    def judge(_question: str, _response: object) -> float:
        return 1.0

    def count(answers: list[str]) -> None:
        no_fault(answers)
        unjudged = Answer.objects.filter(attempt=attempt, fraction=None).count()
        assert unjudged == 0, (unjudged, answers)

    finish: Act = lambda: finish_attempt(  # noqa: E731
        attempt=attempt, enrolment=enrolment, activity=quiz, weights={"q": 1}, pass_mark=50, marker=judge
    )
    return [finish, lambda: save_answers(attempt=read_by_page, responses={"q": "2"})], count


# --- Journal ----------------------------------------------------------------------------------------------


def _two_first_keys(_world: Any) -> Pair:
    organisation = create_organisation(slug=f"new-{Organisation.objects.count()}", name="New")
    signs_with: list[str] = []

    def count(answers: list[str]) -> None:
        no_fault(answers)
        [key] = SigningKey.objects.filter(organisation_id=organisation.pk)
        assert signs_with == [key.fingerprint] * 2

    return [lambda: signs_with.append(current_key(organisation.pk).fingerprint)] * 2, count


RACES = {
    "making the first key": Race(lambda: None, _two_first_keys),
    "signing a half-day": Race(_house, _sign_twice),
    "signing while it is closed": Race(_house, _sign_and_close),
    "closing both half-days": Race(_house, _close_both),
    "closing one half-day": Race(_house, _close_twice),
    "signing and leaving": Race(_house, _sign_and_leave),
    "signing and cancelling": Race(_house, _sign_and_cancel),
    "signing and moving": Race(_house, _sign_and_move),
    "signing and marking": Race(_house, _mark_and_sign),
    "marking and closing": Race(_house, _mark_and_close),
    "enrolling": Race(_course_and_people, _enrol_at_once),
    "answering and finishing": Race(_course_and_people, _answer_and_finish),
    "signing and withdrawing a document": Race(
        _house, _sign_and(lambda who, by: withdraw(request=who.request, reason="Wrong", by=by))
    ),
    "signing and declining a document": Race(_house, _sign_and(lambda who, by: decline(signatory=who, reason="No"))),
    "signing and passing a document on": Race(
        _house, _sign_and(lambda who, by: delegate(signatory=who, to=Party("Eve", "eve@three.example")))
    ),
}
