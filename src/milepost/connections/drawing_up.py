"""Connection records: one paper for each person and action that tells when they were at its course, and what they did there.

It is drawn up from the facts of the journal, by the rule of docs/hours.md, and says no more than these: `milepost verify`
comes to the same from those in the dossier. Their PDF follows in the background (see `typesetting`). Whoever completes the
course gets one by themselves; of others it is made by a tap, once the action is over. A later one supersedes it.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from milepost.classroom.hours import Attended, attended, hours_done, hours_in
from milepost.connections.facts import CONNECTION_RECORD_CREATED
from milepost.connections.models import ConnectionRecord
from milepost.core import clock
from milepost.core.jobs import named
from milepost.courses.facts import COURSE_PUBLISHED
from milepost.courses.kinds import kinds
from milepost.courses.models import Course
from milepost.courses.outline import outlines_of
from milepost.evidence.contributions import actions_about
from milepost.evidence.models import TrainingAction
from milepost.evidence.profiles import profile_of
from milepost.journal.models import Entry
from milepost.journal.queries import of_people
from milepost.journal.recording import Fact, record_many
from milepost.learning.models import Attempt, Enrolment, Progress
from milepost.learning.rounds import rounds_by, rounds_in
from milepost.people.contributions import BATCH, Scope
from milepost.people.models import Member, Organisation
from milepost.verify.connection_records import fingerprint_of, said_by
from milepost.verify.learning import Learning

SOURCE = "connection-records"  # what a profile calls them
AT_ONCE = 500  # records that are drawn up while somebody waits
PART = 100  # records that are drawn up in one transaction, which holds the course


@dataclass(frozen=True)
class Standing:
    """Who of an action learnt anything at a distance, and what there is of their records, by the keys of members."""

    learners: frozenset[int]
    completed: frozenset[int]
    there: frozenset[int]  # whose newest record tells all that they did
    stale: frozenset[int]  # whose newest record does not

    def wanted(self, *, is_over: bool) -> frozenset[int]:
        """Of whom there has to be one: while the action goes on, of those who completed its course or have one."""
        return self.learners if is_over else (self.learners & self.completed) | self.there | self.stale


NOBODY = Standing(frozenset(), frozenset(), frozenset(), frozenset())


def standing_of(scope: Scope) -> Standing:
    """In a few queries, whatever the number of people; read once, whichever piece or check asks."""
    return scope.once("connections: standing", lambda: _standing(scope))


def _standing(scope: Scope) -> Standing:
    if scope.course_id is None:
        return NOBODY
    rounds = rounds_in(scope)
    theirs = {"enrolment__in": rounds}
    steps = Progress.objects.filter(**theirs).exclude(activity_key__in=live_keys(scope.course_id)).order_by()
    last: dict[int, datetime] = {}
    latest = steps.values("enrolment__member").annotate(started=Max("started_at"), completed=Max("completed_at"))
    for member, started, completed in latest.values_list("enrolment__member", "started", "completed"):
        last[member] = max(filter(None, (started, completed)))
    if not last:
        return NOBODY
    attempts = Attempt.objects.filter(**theirs, finished_at__isnull=False).order_by().values("enrolment__member")
    for member, finished in attempts.annotate(last=Max("finished_at")).values_list("enrolment__member", "last"):
        last[member] = max(last.get(member, finished), finished)
    completed_by = rounds.filter(completed_at__isnull=False).values_list("member", flat=True)
    rows = ConnectionRecord.objects.current().filter(action__uid=scope.uid).order_by()
    hours = hours_in(scope)
    there: set[int] = set()
    stale: set[int] = set()
    for member, made_at, title, own_time, live in rows.values_list(
        "member", "made_at", "title", "minutes", "minutes_live"
    ):
        if member in hours:
            is_whole = (title, own_time, live) == (scope.title, *hours[member]) and last.get(member, made_at) <= made_at
            (there if is_whole else stale).add(member)
    return Standing(frozenset(last), frozenset(completed_by), frozenset(there), frozenset(stale))


def live_keys(course: int) -> set[str]:
    """The activities of any version of the course that are live sessions, which are on attendance sheets."""
    return {
        activity.key
        for outline in outlines_of(course)
        for activity in outline.activities
        if kinds.get(activity.kind).is_live
    }


# --- Drawing them up --------------------------------------------------------------------------------------


def draw_up_for_completions(facts: Sequence[Entry]) -> None:
    """Have those made that completions of courses, or people who come to an action, call for: one job for each action."""
    organisation = Organisation.objects.filter(pk=facts[0].organisation_id).first()
    if organisation:
        actions = TrainingAction.objects.filter(pk__in=actions_about(organisation, facts), course__isnull=False)
        asking = [(action.organisation_id, action.pk) for action in actions.order_by("pk") if is_asked_for(action)]
        named("connections.draw_up").enqueue_many(asking)


def is_asked_for(action: TrainingAction) -> bool:
    """Whether the profile of the action asks for connection records."""
    return any(need.source == SOURCE for need in profile_of(action).pieces)


def completed_without(action: TrainingAction) -> "QuerySet[Member]":
    """Who completed the action's course, learnt at a distance in it, and has no record."""
    rounds = rounds_by(action.course_id or 0, action.ends_on, action.organisation)
    at_a_distance = Progress.objects.filter(enrolment__member=OuterRef("pk"), enrolment__in=rounds)
    completed = rounds.filter(completed_at__isnull=False, member=OuterRef("pk"))
    return action.members.filter(
        Exists(completed),
        Exists(at_a_distance.exclude(activity_key__in=live_keys(action.course_id or 0))),
        ~Exists(ConnectionRecord.objects.filter(action=action, member=OuterRef("pk"))),
    )


def lacking(scope: Scope) -> list[int]:
    """The keys of those of whom a record is to be made, or to be made anew."""
    found = standing_of(scope)
    wanted = found.wanted(is_over=scope.is_over) - found.there
    return sorted(wanted & {person.pk for person in scope.people})


def draw_up(*, action: TrainingAction, members: Collection[int], by: Member | None = None) -> int:
    """Draw up the records of these members of the action as the facts are now; return how many. Who did nothing at a distance gets none.

    A part at a time, each in its own transaction: whoever is killed can begin anew, and of two who ask at once one makes each.
    Records `created` for each.
    """
    if action.course_id is None:
        return 0
    asked_at = clock.now()
    return sum(_draw_up(action, part, asked_at, by) for part in batched(sorted(members), PART, strict=False))


def _draw_up(action: TrainingAction, members: Collection[int], asked_at: datetime, by: Member | None) -> int:
    with transaction.atomic():
        # Whoever publishes holds the course, and whoever learns their enrolment: no step comes between the facts that are read
        # and the fact that tells of them.
        course = Course.objects.select_for_update(of=("self",), no_key=True).get(pk=action.course_id or 0)
        rounds = rounds_by(course.pk, action.ends_on, action.organisation)
        held = rounds.select_for_update(of=("self",), no_key=True).filter(member__in=members)
        enrolments = {row.member_id: row for row in held.order_by("pk")}
        current = ConnectionRecord.objects.current().filter(action=action, member__in=enrolments.keys())
        before = {row.member_id: row for row in current}
        people = [
            member
            for member in action.members.filter(pk__in=enrolments.keys()).order_by("pk")
            if member.pk not in before or before[member.pk].made_at < asked_at
        ]
        learning = Learning()
        for statement in _facts(action.organisation, course, people):
            learning.hear(statement)
        told = _Told(action, course, [member.pk for member in people])
        made, facts = [], []
        for member in people:
            enrolment = enrolments[member.pk]
            version = enrolment.outline.number
            if sittings := learning.sittings(str(course.uid), str(member.uid), version, enrolment.round):
                record = told.record(member, sittings)
                fact = told.fact(record, enrolment, sittings, by, replaced=before.get(member.pk))
                record.content |= {"said": said_by(_as_json(fact)) | {"sittings": sittings}}
                made.append(record)
                facts.append(fact)
        replaced = [before[row.member_id].pk for row in made if row.member_id in before]
        ConnectionRecord.objects.filter(pk__in=replaced).update(superseded_at=clock.now())
        ConnectionRecord.objects.bulk_create(made)
        record_many(facts, organisation=action.organisation)
        named("connections.typeset").enqueue_each((row.organisation_id, row.pk) for row in made)
    return len(made)


def _facts(organisation: Organisation, course: Course, people: Collection[Member]) -> Iterator[dict[str, Any]]:
    """What these people did in the course, and what its versions state, in the order of the journal."""
    theirs = Q(fact=COURSE_PUBLISHED.name) | of_people([str(member.uid) for member in people])
    rows = Entry.objects.filter(theirs, organisation_id=organisation.pk, about=str(course.uid)).exclude(statement="")
    for statement in rows.order_by("id").values_list("statement", flat=True).iterator(BATCH):
        yield json.loads(statement)


class _Told:
    """What records of some members say of the action and of the hours that were done in it."""

    def __init__(self, action: TrainingAction, course: Course, members: Collection[int]) -> None:
        sessions = list(action.sessions.values_list("pk", flat=True))
        self.action, self.course = action, course
        rounds = rounds_by(course.pk, action.ends_on, action.organisation)
        self._hours = hours_done(members=members, course=course.pk, sessions=sessions, rounds=rounds)
        self._attended = attended(members=members, course=course.pk, sessions=sessions)

    def record(self, member: Member, sittings: list[dict[str, Any]]) -> ConnectionRecord:
        action, organisation = self.action, self.action.organisation
        was = self._attended.get(member.pk, Attended())
        content = {
            "reference": action.reference,
            "starts_on": action.starts_on.isoformat(),
            "ends_on": action.ends_on.isoformat(),
            "agreed": action.minutes,
            "course": self.course.title,
            "employer": was.employer or (organisation.name if member.relation == "employee" else ""),
            "organisation": organisation.name,
            "address": organisation.postal_address,
            "registration": organisation.registration_number,
            "language": action.language,
            "time_zone": organisation.time_zone,
        }
        return ConnectionRecord(
            organisation=organisation,
            action=action,
            member=member,
            content=content,
            title=action.title,
            minutes=sum(sitting["minutes"] for sitting in sittings),
            minutes_live=self._hours[member.pk].live,
        )

    def fact(
        self,
        record: ConnectionRecord,
        enrolment: Enrolment,
        sittings: list[dict[str, Any]],
        by: Member | None,
        replaced: ConnectionRecord | None,
    ) -> Fact:
        result = {
            "sittings": len(sittings),
            "minutes": record.minutes,
            "minutes_live": record.minutes_live,
            "content_sha256": fingerprint_of(sittings),
        }
        course = {"course": str(self.course.uid), "version": enrolment.outline.number} | enrolment.in_round
        context: dict[str, Any] = {"action": str(self.action.uid)} | course
        if by:
            context["instructor"] = by.as_reference().as_json()
        if replaced:
            context["replaces"] = str(replaced.uid)
        return Fact(CONNECTION_RECORD_CREATED, record.member.as_reference(), record.as_reference(), result, context)


def _as_json(fact: Fact) -> dict[str, Any]:
    return {
        "actor": fact.actor.as_json(),
        "object": fact.object.as_json(),
        "result": fact.result,
        "context": fact.context,
    }
