"""Races of doing and undoing an act on many: pressed thirty times at once, and at the moment in which somebody goes on from it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from milepost.classroom.models import Participant
from milepost.classroom.registering import register_many
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.core import clock
from milepost.core.tables import read_table
from milepost.documents.bulk import send_to_each
from milepost.documents.kinds import KINDS
from milepost.documents.models import SignatureRequest
from milepost.documents.requesting import Terms
from milepost.learning.enrolling import enrol_in_bulk, enrol_many
from milepost.learning.models import Enrolment
from milepost.learning.progressing import open_activity
from milepost.people import doing, undoing
from milepost.people.bulk_acts import BulkKind
from milepost.people.importing import HRFile, import_people
from milepost.people.inviting import accept, invite, invited, link_for
from milepost.people.models import BulkAct, Member, User
from milepost.people.undoing import carry_on, undo
from tests.racing import PAIRS, Act, Pair, Race, facts, house, no_fault
from tests.worlds import SMALL_COURSE, make_course

PRESSES, TURNS = 30, 3


def _world() -> Any:
    return *house(), iter(range(2 * PAIRS))


def _house() -> Any:
    """One with people whom nobody has invited yet: each pair has its own."""
    return None


def _course(world: Any) -> Any:
    organisation, lead, _members, numbers = world
    slug = {"course.md": SMALL_COURSE["course.md"].replace("slug: ladders", f"slug: l-{next(numbers)}")}
    return make_course(organisation, SMALL_COURSE | slug, by=lead)


def _enrolled(world: Any) -> BulkAct:
    organisation, lead, _members, _numbers = world
    uid = uuid4()
    everybody = Member.objects.filter(organisation=organisation, user=None)
    enrol_many(members=everybody, course=_course(world), by=lead, act=uid)
    return BulkAct.objects.get(uid=uid)


def _pressed(act: BulkAct, lead: Member, *, left: Callable[[], int], withdrew: Callable[[], int]) -> Pair:
    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert sorted(set(answers)) == ["UndoneAlready", "done"] and answers.count("done") == 1, answers
        act.refresh_from_db()
        assert (act.taken_back, left(), withdrew(), facts("undid", act.uid)) == (act.count, 0, act.count, 1)

    return [lambda: undo(act=BulkAct.objects.get(pk=act.pk), by=lead)] * PRESSES, count


def _press_enrolments(world: Any) -> Pair:
    act = _enrolled(world)
    rows = Enrolment.objects.filter(course__uid=act.about_id)
    return _pressed(act, world[1], left=rows.count, withdrew=lambda: facts("withdrew", act.about_id))


def _press_invitations(_nothing: Any) -> Pair:
    organisation, lead, members = house()
    uid = uuid4()
    invite(members=members, by=lead, act=uid)
    rows = Member.objects.filter(organisation=organisation, invited_at__isnull=False)
    return _pressed(
        BulkAct.objects.get(uid=uid),
        lead,
        left=rows.count,
        withdrew=lambda: sum(facts("uninvited", member.uid) for member in members),
    )


def _press_import(_nothing: Any) -> Pair:
    organisation, lead, _members = house()
    uid = uuid4()
    rows = "".join(f"R{n},Given{n},Family{n}\n" for n in range(40))
    table = read_table(f"Employee number,First name,Last name\n{rows}".encode())
    import_people(organisation=organisation, file=HRFile(table), by=lead, act=uid)
    new = Member.objects.filter(organisation=organisation, employee_number__startswith="R")
    return _pressed(
        BulkAct.objects.get(uid=uid),
        lead,
        left=new.filter(left_on=None).count,
        withdrew=lambda: sum(facts("deactivated", member.uid) for member in new),
    )


def _change_and_undo(_nothing: Any) -> Pair:
    """Whoever imports another file meanwhile is told to look once more, or it is undone first, or what it changed stays."""
    organisation, lead, _members = house()
    heading = "Employee number,First name,Last name,Job title\n"
    first, second = (HRFile(read_table(f"{heading}7,Anna,Berg,{job}\n".encode())) for job in ("Driver", "Captain"))
    import_people(organisation=organisation, file=HRFile(read_table(f"{heading}7,Anna,Berg,\n".encode())), by=lead)
    uid = uuid4()
    import_people(organisation=organisation, file=first, by=lead, act=uid)
    act = BulkAct.objects.get(uid=uid)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["done", "done"], answers
        act.refresh_from_db()
        anna = Member.objects.get(organisation=organisation, employee_number="7")
        assert (anna.job_title, act.taken_back) in (("Captain", 0), ("Captain", 1)), (anna.job_title, act.taken_back)

    return [
        lambda: undo(act=act, by=lead),
        lambda: import_people(organisation=organisation, file=second, by=lead),
    ], count


def _press_seats(world: Any) -> Pair:
    organisation, lead, members, _numbers = world
    session = schedule_session(
        organisation=organisation,
        plan=Plan("Drill", half_days(clock.today(), clock.now().tzinfo)),
        by=lead,  # type: ignore[arg-type]
    )
    uid = uuid4()
    register_many(session=session, members=members, by=lead, act=uid)
    rows = Participant.objects.filter(session=session).exclude(status=Participant.Status.LEFT)
    act = BulkAct.objects.get(uid=uid)
    return _pressed(act, lead, left=rows.count, withdrew=lambda: facts("withdrew", session.uid))


def _press_requests(world: Any) -> Pair:
    organisation, lead, _members, _numbers = world
    everybody = Member.objects.filter(organisation=organisation, user=None)
    kind = KINDS["non-disclosure"]
    act = send_to_each(kind=kind, values={"title": "X"}, language="en", members=everybody, terms=Terms(), by=lead)
    rows = SignatureRequest.objects.filter(pk__in=list(act.people.values_list("key", flat=True)))
    uids = list(rows.values_list("document__uid", flat=True))
    return _pressed(
        act, lead, left=rows.open().count, withdrew=lambda: sum(facts("withdrew", document) for document in uids)
    )


def _begin_and_undo(world: Any) -> Pair:
    """Whoever opens the course at that moment is in it and has begun, or out of it and has not."""
    act, lead = _enrolled(world), world[1]
    rows = Enrolment.objects.filter(course__uid=act.about_id)
    first = rows.select_related("member", "course", "organisation").earliest("pk")
    page = first.outline.by_key["01-first/01-read"]

    def count(answers: list[str]) -> None:
        assert answers in (["done", "done"], ["NotEnrolled", "done"]), answers
        has_begun = answers[0] == "done"
        act.refresh_from_db()
        assert [row.pk for row in rows.all()] == [first.pk] * has_begun
        assert act.taken_back == act.count - has_begun
        assert facts("launched", act.about_id) == has_begun

    acts: list[Act] = [lambda: open_activity(enrolment=first, activity=page, progress=None)]
    return [*acts, lambda: undo(act=act, by=lead)], count


def _accept_and_undo(_nothing: Any) -> Pair:
    """Whoever follows their link at that moment has joined and stays, or is told that it is over."""
    _organisation, lead, members = house()
    uid = uuid4()
    invite(members=members, by=lead, act=uid)
    act = BulkAct.objects.get(uid=uid)
    member = Member.objects.select_related("organisation").get(pk=members[0].pk)
    joining = invited(link_for(member).rstrip("/").rpartition("/")[2])

    def count(answers: list[str]) -> None:
        assert answers in (["done", "done"], ["InvitationRefused", "done"]), answers
        has_joined = answers[0] == "done"
        act.refresh_from_db()
        assert act.taken_back == act.count - has_joined
        assert User.objects.filter(email=member.email).exists() == has_joined
        assert facts("joined", member.uid) == has_joined

    return [lambda: accept(member=joining), lambda: undo(act=act, by=lead)], count


def _two_workers(world: Any) -> Pair:
    """A lease that ran out gives the job to a second worker while the first goes on: each person is taken out once."""
    at_once, undoing.AT_ONCE, BulkKind.at_once = undoing.AT_ONCE, 1, 2
    try:
        act = undo(act=_enrolled(world), by=world[1])
    finally:
        undoing.AT_ONCE = at_once

    def count(answers: list[str]) -> None:
        BulkKind.at_once = 1_000
        assert answers == ["done", "done"], answers
        act.refresh_from_db()
        assert (act.taken_back, facts("withdrew", act.about_id), facts("undid", act.uid)) == (act.count, act.count, 1)

    return [lambda: carry_on(act)] * 2, count


def _begun(world: Any) -> BulkAct:
    """An act that a job does in parts of two."""
    organisation, lead, _members, _numbers = world
    at_once, doing.AT_ONCE, doing.BATCH = doing.AT_ONCE, 1, 2
    try:
        everybody = Member.objects.filter(organisation=organisation, user=None)
        act = enrol_in_bulk(members=everybody, course=_course(world), due=None, by=lead)
    finally:
        doing.AT_ONCE = at_once
    assert act is not None
    return act


def _done_by_two_workers(world: Any) -> Pair:
    """A lease that ran out gives the job to a second worker while the first goes on: each person is enrolled once."""
    act = _begun(world)

    def count(answers: list[str]) -> None:
        doing.BATCH = 500
        assert answers == ["done", "done"], answers
        act.refresh_from_db()
        assert (act.count, act.is_being_done, act.people.count()) == (act.asked, False, act.asked)
        assert (
            facts("registered", act.about_id) == act.asked == Enrolment.objects.filter(course__uid=act.about_id).count()
        )

    return [lambda: doing.carry_on(act)] * 2, count


def _stop(world: Any) -> Pair:
    """Whoever stops it while a worker does it takes it back for everybody to whom it was done, and it is done to nobody after."""
    act, lead = _begun(world), world[1]

    def count(answers: list[str]) -> None:
        doing.BATCH = 500
        assert answers == ["done", "done"], answers
        act.refresh_from_db()
        assert (act.taken_back, act.is_being_done, bool(act.undone_at)) == (act.count, False, True)
        assert facts("registered", act.about_id) == facts("withdrew", act.about_id) == act.count
        assert not Enrolment.objects.filter(course__uid=act.about_id).exists()

    return [lambda: doing.carry_on(act), lambda: undo(act=act, by=lead)], count


RACES = {
    "undoing enrolments": Race(_world, _press_enrolments, TURNS),
    "undoing invitations": Race(_house, _press_invitations, TURNS),
    "undoing an import": Race(_house, _press_import, TURNS),
    "importing and undoing": Race(_house, _change_and_undo),
    "undoing seats": Race(_world, _press_seats, TURNS),
    "undoing requests": Race(_world, _press_requests, TURNS),
    "beginning and undoing": Race(_world, _begin_and_undo),
    "joining and undoing": Race(_house, _accept_and_undo),
    "undoing by two workers": Race(_world, _two_workers),
    "doing by two workers": Race(_world, _done_by_two_workers),
    "doing and stopping": Race(_world, _stop),
}
