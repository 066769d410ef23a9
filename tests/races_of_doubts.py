"""Races about signatures in doubt, and what hangs on them: the live step, the course, its certificate."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from milepost.classroom.closing import close_slot
from milepost.classroom.deciding import Decision, decide
from milepost.classroom.models import Attendance, Slot
from milepost.classroom.signing import sign
from milepost.core import clock
from milepost.credentials.models import Certificate
from milepost.journal.models import Entry
from milepost.journal.subscriptions import tell_all
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.people.models import Member
from tests.races_of_classroom import make_session
from tests.racing import PAIRS, Act, Pair, Race, house
from tests.stories import DRILL, SIGNING
from tests.worlds import make_course

STEP = "01-first/01-drill"
TURNS = max(2, PAIRS // 4)  # each makes a course, a session and two certificates first


def _lent(*, is_closed: bool = True) -> tuple[Slot, list[Attendance], Member]:
    """The one half-day of a course's live step, for which two people signed on one phone, in a new organisation."""
    organisation, lead, members = world = house(people=2)
    course = make_course(organisation, DRILL, by=lead)
    enrol_many(members=Member.objects.filter(pk__in=[member.pk for member in members]), course=course, by=lead)
    session, _plan = make_session(world, people=2)
    type(session).objects.filter(pk=session.pk).update(course=course, activity_key=STEP)
    slot = Slot.objects.select_related("session__organisation").get(session=session)
    for row in _rows(slot):
        sign(attendance=row, signing=replace(SIGNING, devices=("d",)))
    if is_closed:
        close_slot(slot=slot, trainer=session.trainers.get(), signing=SIGNING)
    tell_all(organisation.pk)
    return Slot.objects.select_related("session__organisation").get(pk=slot.pk), _rows(slot), lead


def _rows(slot: Slot) -> list[Attendance]:
    rows = Attendance.objects.select_related("slot__session__organisation", "participant__member")
    return list(rows.filter(slot=slot).order_by("pk"))


def _saying(slot: Slot, rows: list[Attendance], decision: Decision, by: Member) -> Act:
    seen = {str(row.participant.uid): row.doubts_seen for row in rows}
    return lambda: decide(slot=slot, seen=seen, decision=decision, by=by.as_reference())


def _telling(slot: Slot) -> Act:
    """A worker that tells what follows, while decisions come in."""
    return lambda: tell_all(slot.organisation_id)


def _agree(slot: Slot) -> None:
    """Attendance, step, course and certificate of each say the same, and the journal tells each change of them once."""
    with clock.at(clock.now() + timedelta(seconds=1)):
        tell_all(slot.organisation_id)
    for row in _rows(slot):
        member, was_there = row.participant.member, row.struck_at is None
        enrolment = Enrolment.objects.get(member=member)
        valid = Certificate.objects.current().filter(enrolment=enrolment).count()
        is_complete = enrolment.completed_at is not None
        assert (is_complete, enrolment.done, valid) == (was_there, int(was_there), int(was_there)), (
            was_there,
            is_complete,
            enrolment.done,
            valid,
        )
        entries = Entry.objects.filter(organisation_id=slot.organisation_id, actor_id=str(member.uid)).order_by("pk")
        turns_of_course = entries.filter(verb__in=("completed", "reopened"))
        course = [entry.verb for entry in turns_of_course if entry.content["object"]["type"] == "course"]
        turns = ["completed", "reopened"] * len(course)
        assert course == turns[: len(course)] and len(course) % 2 == int(was_there), course
        issued = Certificate.objects.filter(enrolment=enrolment)
        revoked = Entry.objects.filter(verb="revoked", object_id__in=[str(one.uid) for one in issued])
        assert revoked.count() == issued.count() - valid, (revoked.count(), issued.count(), valid)


def _decided(slot: Slot) -> int:
    return Entry.objects.filter(verb="decided", object_id=str(slot.uid)).count()


def _decide_and_follow(_world: Any) -> Pair:
    """Two say otherwise of the same two people while two workers tell what follows: one is heard, and everything agrees."""
    slot, rows, lead = _lent()
    there, not_there = _saying(slot, rows, "there", lead), _saying(slot, rows, "not-there", lead)

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["DoubtsChanged", "done", "done", "done"], answers
        assert _decided(slot) == 2, _decided(slot)
        assert {row.struck_at is None for row in _rows(slot)} == {answers[0] == "done"}
        _agree(slot)

    return [there, not_there, _telling(slot), _telling(slot)], count_up


def _take_back(_world: Any) -> Pair:
    """That they were not there is taken back by two at once, while it is told: they were there, and it is said once of each."""
    slot, rows, lead = _lent()
    _saying(slot, rows, "not-there", lead)()
    undo = _saying(slot, _rows(slot), "undecided", lead)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done"] * 4, answers
        assert _decided(slot) == 4, _decided(slot)
        assert all(row.struck_at is None and row.judged_at is None for row in _rows(slot))
        _agree(slot)

    return [undo, undo, _telling(slot), _telling(slot)], count_up


def _each_of_two(_world: Any) -> Pair:
    """Of one person it is decided, of the other taken back, at the same moment: no decision is lost."""
    slot, rows, lead = _lent()
    _saying(slot, rows[:1], "not-there", lead)()
    first, second = _rows(slot)
    acts = [_saying(slot, [first], "undecided", lead), _saying(slot, [second], "not-there", lead)]

    def count_up(answers: list[str]) -> None:
        assert answers == ["done"] * 3, answers
        assert [row.struck_at is None for row in _rows(slot)] == [True, False]
        assert _decided(slot) == 3, _decided(slot)
        _agree(slot)

    return [*acts, _telling(slot)], count_up


def _decide_and_close(_world: Any) -> Pair:
    """The half-day is closed while somebody decides that they were not there: nobody completes the step by it."""
    slot, rows, lead = _lent(is_closed=False)
    trainer = slot.session.trainers.get()

    def count_up(answers: list[str]) -> None:
        assert answers == ["done"] * 3, answers
        assert all(row.struck_at for row in _rows(slot))
        _agree(slot)

    acts = [_saying(slot, rows, "not-there", lead), lambda: close_slot(slot=slot, trainer=trainer, signing=SIGNING)]
    return [*acts, _telling(slot)], count_up


RACES = {
    "deciding while it is told": Race(lambda: None, _decide_and_follow, turns=TURNS),
    "taking a decision back twice": Race(lambda: None, _take_back, turns=TURNS),
    "deciding about each of two": Race(lambda: None, _each_of_two, turns=TURNS),
    "deciding and closing": Race(lambda: None, _decide_and_close, turns=TURNS),
}
