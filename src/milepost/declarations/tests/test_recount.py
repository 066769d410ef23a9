"""What declarations say equals a recount from the facts of the journal, whatever happened (docs/hours.md)."""

from collections import defaultdict
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance
from milepost.core import clock
from milepost.declarations.describing import describe, describe_trainee
from milepost.declarations.models import Described
from milepost.declarations.proving import refresh
from milepost.declarations.tests.conftest import MORE, READ, do_step, sign_half_day
from milepost.declarations.tests.test_declarations import AFTER, SAID, line, rows_of
from milepost.evidence.models import TrainingAction
from milepost.journal.models import Entry

pytestmark = pytest.mark.django_db
LETTERS = {"employee": "a", "apprentice": "b", "job-seeker": "c", "private": "d", "other": "e"}
MINUTES = {READ: 20, MORE: 25}

what_happens = st.one_of(
    st.tuples(st.just("sign"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["present", "absent", "early"]), st.integers(0, 1)),
    st.tuples(st.just("step"), st.sampled_from([READ, MORE])),
    st.tuples(st.just("is"), st.sampled_from(["", *LETTERS])),
)


@given(st.lists(st.tuples(st.integers(0, 2), what_happens), max_size=16))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_trainees_hours_and_what_is_at_risk_equal_a_recount_from_the_journal(
    action, organisation, people, lead, history
):
    with transaction.atomic():
        described = describe(action=action, said=SAID, by=lead)
        for who, (what, which) in history:
            happen(action, people[who], what, which, lead)
        told = recount(organisation)
        assert told["category"] == described.category
        rows, _found = rows_of("bpf", organisation)
        for category, letter in LETTERS.items():
            counted = [told["minutes"][p] for p in told["people"] if told["minutes"][p] and told["is"](p) == category]
            assert line(rows, "F-1", letter)[3:5] == [len(counted), round(sum(counted) / 60, 2)]
        refresh(TrainingAction.objects.select_related("organisation").get(pk=action.pk))
        unproven = sum(max(0, told["planned"] - told["minutes"][person]) for person in told["people"])
        described = Described.objects.get(action=action)
        assert described.unproven_minutes == unproven
        assert described.at_risk == round(told["invoiced"] * unproven / (told["planned"] * len(told["people"])))
        transaction.set_rollback(True)


def happen(action, member, what, which, lead):
    if what == "step":
        do_step(action, member, which)
    elif what == "is":
        describe_trainee(action=action, member=member, by=lead, category=which)
    elif what == "sign":
        row = row_of(action, member, which)
        if row.state == "missing":
            sign_half_day(action, member, which)
    else:
        row = row_of(action, member, which)
        left = row.slot.ends_at - timedelta(minutes=45) if what == "early" else None
        change = Change("absent" if what == "absent" else "present", left_at=left)
        with clock.at(AFTER):
            change_attendance(attendance=row, change=change, by=lead.as_reference(), why="So it was.")


def row_of(action, member, number):
    rows = Attendance.objects.filter(slot__session__actions=action, participant__member=member)
    return rows.select_related("slot__session", "participant__member").order_by("slot__starts_at")[number]


def recount(organisation):
    """From the words of the journal alone."""
    slots, there, steps, people = {}, {}, defaultdict(set), set()
    told = {"own": {}}
    for entry in Entry.objects.filter(organisation_id=organisation.pk).order_by("id"):
        said = entry.content
        result, who = said.get("result", {}), said["actor"]["id"]
        match entry.fact:
            case "action.created":
                told["planned"] = result["minutes"]
            case "action.described":
                told |= {"category": result["category"], "invoiced": result["invoiced"]}
            case "trainee.described":
                told["own"][said["context"]["holder"]] = result.get("category", "")
            case "action.registered":
                people.add(who)
            case "session.scheduled":
                slots |= {s["id"]: (instant(s["starts_at"]), instant(s["ends_at"])) for s in result["slots"]}
            case "slot.signed":
                there[who, said["object"]["id"]] = slots[said["object"]["id"]]
            case "slot.marked" | "slot.corrected":
                there[who, said["object"]["id"]] = span(result["now"], *slots[said["object"]["id"]])
            case "activity.progressed":
                steps[who].add(said["object"]["id"])
    minutes = {person: sum(MINUTES[key] for key in steps[person]) for person in people}
    for (person, _slot), (start, end) in there.items():
        minutes[person] += int((end - start).total_seconds() // 60)
    return told | {
        "people": people,
        "minutes": minutes,
        "is": lambda person: told["own"].get(person) or told["category"],
    }


def span(now, start, end):
    if now["state"] not in ("signed", "attested"):
        return start, start
    return instant(now["arrived_at"]) if "arrived_at" in now else start, instant(
        now["left_at"]
    ) if "left_at" in now else end


def instant(text):
    return datetime.fromisoformat(text)
