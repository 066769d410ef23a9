"""Races of connection records: each is drawn up once, and says what the facts before it say, whoever learns or publishes at that moment."""

import json
from datetime import date
from typing import Any

from milepost.connections.drawing_up import draw_up
from milepost.connections.models import ConnectionRecord
from milepost.courses.drafts import import_draft
from milepost.courses.models import Course
from milepost.courses.publishing import publish
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.models import TrainingAction
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity, open_activity
from milepost.verify.connection_records import fingerprint_of
from milepost.verify.learning import Learning
from tests.races_of_learning import PAGE, QUIZ, _tree, again
from tests.racing import PAIRS, Pair, Race, house, no_fault
from tests.worlds import files, make_course


def _world() -> Any:
    return *house(), iter(range(PAIRS))


def _begun(world: Any) -> tuple[TrainingAction, Enrolment, Course, int]:
    """An action, and somebody who did the first step of its course."""
    organisation, lead, members, numbers = world
    number = next(numbers)
    course = make_course(organisation, _tree(number), by=lead)
    enrolment = again(enrol(member=members[0], course=course, by=lead))
    complete_activity(enrolment=enrolment, activity=enrolment.outline.by_key[PAGE])
    day = date(2026, 11, 26)
    plan = ActionPlan(title="T", profile="fr", starts_on=day, ends_on=day, minutes=60, course=course, takes_course=True)
    return open_action(organisation=organisation, plan=plan, by=lead), enrolment, course, number


def _hold(course: Course) -> None:
    """Each record says what the facts before it say."""
    learning = Learning()
    for entry in Entry.objects.filter(organisation_id=course.organisation_id).order_by("id"):
        fact = json.loads(entry.statement)
        learning.hear(fact)
        if fact["object"]["type"] == "connection-record" and fact["context"]["course"] == str(course.uid):
            told = learning.sittings(str(course.uid), fact["actor"]["id"], fact["context"]["version"])
            assert told is not None
            assert fingerprint_of(told) == fact["result"]["content_sha256"], told


def _draw_up_twice(world: Any) -> Pair:
    action, enrolment, _course, _number = _begun(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert ConnectionRecord.objects.filter(action=action).count() == 1

    return [lambda: draw_up(action=action, members=[enrolment.member_id])] * 2, count


def _draw_up_and_learn(world: Any) -> Pair:
    action, enrolment, course, _number = _begun(world)
    quiz = enrolment.outline.by_key[QUIZ]

    def count(answers: list[str]) -> None:
        no_fault(answers)
        _hold(course)

    return [
        lambda: draw_up(action=action, members=[enrolment.member_id]),
        lambda: open_activity(enrolment=again(enrolment), activity=quiz, progress=None),
        lambda: complete_activity(enrolment=again(enrolment), activity=quiz, score=90.0, is_passed=True),
    ], count


def _draw_up_and_publish(world: Any) -> Pair:
    """A version that asks for what was done again comes before the record, or after it."""
    organisation, lead = world[:2]
    action, enrolment, course, number = _begun(world)
    newer = _tree(number, {PAGE + ".page.md": "---\ntitle: New\nminutes: 7\n---\nX"})
    import_draft(organisation=organisation, files=files(newer))
    page = Course.objects.select_related("published", "organisation").get(pk=course.pk)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        _hold(course)

    return [
        lambda: draw_up(action=action, members=[enrolment.member_id]),
        lambda: publish(course=page, by=lead, ask_again=["01-first"]),
    ], count


RACES = {
    "drawing up a connection record": Race(_world, _draw_up_twice),
    "drawing up a connection record of who learns": Race(_world, _draw_up_and_learn),
    "drawing up a connection record as a version appears": Race(_world, _draw_up_and_publish),
}
