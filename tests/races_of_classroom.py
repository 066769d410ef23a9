"""Races in the classroom: signing, marking, closing, moving."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.deciding import decide
from milepost.classroom.models import Attendance, LiveSession, Slot
from milepost.classroom.registering import leave, register_many
from milepost.classroom.scheduling import (
    Holder,
    Plan,
    cancel_session,
    change_session,
    half_days,
    remove_trainer,
    renew_link,
    schedule_session,
)
from milepost.classroom.signing import sign
from milepost.core import clock
from milepost.documents.signatures import Signature
from milepost.journal.models import Entry
from milepost.notices.models import Notice
from tests.racing import Act, Pair, Race, facts, house, no_fault
from tests.stories import SIGNING


def make_session(world: Any, *, halves: int = 1, people: int = 1) -> tuple[LiveSession, Any]:
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
    session, _plan = make_session(world)
    a, b = _rows(session)[0], _rows(session)[0]

    def count(answers: list[str]) -> None:
        assert facts("signed", a.slot.uid) == 1, (answers, facts("signed", a.slot.uid))
        assert sorted(answers) == ["AlreadySigned", "done"], answers

    return [lambda: sign(attendance=a, signing=SIGNING), lambda: sign(attendance=b, signing=SIGNING)], count


def _sign_and_close(world: Any) -> Pair:
    session, _plan = make_session(world, people=5)
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
    session, _plan = make_session(world, halves=2)
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
    session, _plan = make_session(world)
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
    session, _plan = make_session(world)
    [row] = _rows(session)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        there = Attendance.objects.signed().filter(slot__session=session).count()
        assert answers.count("done") == 1, answers
        assert there == facts("signed", row.slot.uid), (there, facts("signed", row.slot.uid), answers)

    return [
        lambda: sign(attendance=row, signing=SIGNING),
        lambda: leave(participant=row.participant, by=world[1]),
    ], count


def _sign_and_cancel(world: Any) -> Pair:
    session, _plan = make_session(world)
    [row] = _rows(session)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert answers.count("done") == 1, answers

    return [
        lambda: sign(attendance=row, signing=SIGNING),
        lambda: cancel_session(session=session, reason="snow", by=world[1]),
    ], count


def _sign_and_move(world: Any) -> Pair:
    session, plan = make_session(world)
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
    session, _plan = make_session(world)
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
    session, _plan = make_session(world)
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


def _sign_on_one_phone(world: Any) -> Pair:
    """Whoever is first has no doubt yet, and gets it from the second."""
    session, _plan = make_session(world, people=3)
    rows = _rows(session)
    on_one = [
        replace(SIGNING, signature=Signature(text=row.participant.member.full_name), devices=("d",)) for row in rows
    ]

    def count(answers: list[str]) -> None:
        assert set(answers) == {"done"}, answers
        told = [
            [(doubt["code"], doubt.get("others")) for doubt in row.doubts if doubt["code"] == "same-device"]
            for row in _rows(session)
        ]
        assert told == [[("same-device", 2)]] * 3, told

    return [
        lambda row=row, one=one: sign(attendance=row, signing=one) for row, one in zip(rows, on_one, strict=True)
    ], count


def _decide_twice(world: Any) -> Pair:
    """Two decide otherwise: whoever is second has not read the first decision, and is told so; one is kept and told once."""
    session, _plan = make_session(world, people=2)
    for row in _rows(session):
        sign(attendance=row, signing=replace(SIGNING, devices=("d",)))
    [slot] = _slots(session)
    seen = {str(row.participant.uid): row.doubts_seen for row in _rows(session)}
    by = world[1].as_reference()

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["DoubtsChanged", "done"], answers
        assert facts("decided", slot.uid) == 2, facts("decided", slot.uid)
        is_struck = answers[1] == "done"
        assert {(bool(row.struck_at), bool(row.judged_at)) for row in _rows(session)} == {(is_struck, True)}

    return [
        lambda: decide(slot=slot, seen=seen, decision="there", by=by),
        lambda: decide(slot=slot, seen=seen, decision="not-there", by=by),
    ], count


def _renew_twice(world: Any) -> Pair:
    """Pressed twice, the trainer has one mail with a link that works."""
    session, _plan = make_session(world)
    trainers = [session.trainers.select_related("session").get() for _press in range(2)]

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Entry.objects.filter(verb="renewed", statement__contains=str(session.uid)).count() == 1
        [mail] = Notice.objects.filter(kind="trainer_link", about_id=str(trainers[0].uid))
        assert mail.key == str(session.trainers.get().link)

    return [lambda one=one: renew_link(trainer=one, by=world[1]) for one in trainers], count


def _renew_and_remove(world: Any) -> Pair:
    """Whoever holds the session no more is sent no new link afterwards."""
    session, _plan = make_session(world)
    one, other = (session.trainers.select_related("session").get() for _press in range(2))

    def count(answers: list[str]) -> None:
        assert answers in (["done", "done"], ["InvalidSession", "done"]), answers
        told = Entry.objects.filter(verb__in=("renewed", "revoked"), statement__contains=str(session.uid))
        verbs = list(told.order_by("pk").values_list("verb", flat=True))
        assert verbs == (["renewed"] if answers[0] == "done" else []) + ["revoked"], verbs

    return [lambda: renew_link(trainer=one, by=world[1]), lambda: remove_trainer(trainer=other, by=world[1])], count


RACES = {
    "renewing a trainer's link twice": Race(house, _renew_twice),
    "renewing a trainer's link and removing them": Race(house, _renew_and_remove),
    "signing on one phone": Race(house, _sign_on_one_phone),
    "deciding about a doubt": Race(house, _decide_twice),
    "signing a half-day": Race(house, _sign_twice),
    "signing while it is closed": Race(house, _sign_and_close),
    "closing both half-days": Race(house, _close_both),
    "closing one half-day": Race(house, _close_twice),
    "signing and leaving": Race(house, _sign_and_leave),
    "signing and cancelling": Race(house, _sign_and_cancel),
    "signing and moving": Race(house, _sign_and_move),
    "signing and marking": Race(house, _mark_and_sign),
    "marking and closing": Race(house, _mark_and_close),
}
