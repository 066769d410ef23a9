"""What a certificate states (EVIDENCE: certificate of completion), as it is known on the day of its issue.

It is of the training action in which its person did the course, where there is one: it carries that action's title and
reference, and the hours of its live sessions and no others (docs/hours.md). What was live, and where, is how it was.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from milepost.classroom.hours import Attended, Hours, attended, hours_done
from milepost.core.months import months_after
from milepost.courses.kinds import kinds
from milepost.courses.outline import Outline
from milepost.credentials.models import Certificate
from milepost.credentials.status_lists import give_places
from milepost.learning.models import Enrolment
from milepost.people.models import Organisation
from milepost.people.occasions import Occasion, occasions_in_course

STATED = (  # by the fact of the issue, too
    *("title", "begun", "completed", "minutes_at_a_distance", "minutes_live", "score", "modalities", "places"),
    *("organisation", "address", "registration", "employer", "certifier", "certifier_quality"),
)
OWN_TIME = "own-time"  # the modality that is no form of a session


def certificates_for(enrolments: Sequence[Enrolment]) -> list[Certificate]:
    """Certificates of one course, in memory, in the order of the enrolments."""
    made: dict[int, Certificate] = {}
    for number in {enrolment.round for enrolment in enrolments}:  # nobody is in one of them twice
        made |= _of_a_round([enrolment for enrolment in enrolments if enrolment.round == number])
    certificates = [made[enrolment.pk] for enrolment in enrolments]
    give_places(enrolments[0].organisation, certificates)
    return certificates


def _of_a_round(enrolments: Sequence[Enrolment]) -> dict[int, Certificate]:
    completed = {enrolment.member_id: completed_on(enrolment) for enrolment in enrolments}
    occasions = occasions_in_course(enrolments[0].course_id, completed)
    by_occasion: dict[Occasion | None, list[Enrolment]] = {}
    for enrolment in enrolments:
        by_occasion.setdefault(occasions.get(enrolment.member_id), []).append(enrolment)
    return {row.enrolment_id: row for occasion, rows in by_occasion.items() for row in _certificates(occasion, rows)}


def certifier_of(organisation: Organisation) -> tuple[str, str]:
    """The name and quality of whoever certifies: as the organisation set them, or else its name."""
    return organisation.certifier_name or organisation.name, organisation.certifier_quality


def completed_on(enrolment: Enrolment) -> date:
    """The day in the organisation's zone."""
    assert enrolment.completed_at  # noqa: S101 (only what is completed earns a certificate)
    return enrolment.completed_at.astimezone(ZoneInfo(enrolment.organisation.time_zone)).date()


def _certificates(occasion: Occasion | None, enrolments: Sequence[Enrolment]) -> Iterator[Certificate]:
    course, sessions = enrolments[0].course_id, occasion.sessions if occasion else None
    members = [enrolment.member_id for enrolment in enrolments]
    rounds = Enrolment.objects.filter(pk__in=[enrolment.pk for enrolment in enrolments])
    hours = hours_done(members=members, course=course, sessions=sessions, rounds=rounds)
    there = attended(members=members, course=course, sessions=sessions, rounds=rounds)
    for enrolment in enrolments:
        was = there.get(enrolment.member_id, Attended())
        yield _certificate(enrolment, occasion, hours[enrolment.member_id], was)


def _certificate(enrolment: Enrolment, occasion: Occasion | None, hours: Hours, was: Attended) -> Certificate:
    organisation, member, outline = enrolment.organisation, enrolment.member, enrolment.outline
    assert enrolment.launched_at  # noqa: S101 (a constraint of the table)
    completed, (name, quality) = completed_on(enrolment), certifier_of(organisation)
    months = outline.certificate_months
    content: dict[str, Any] = {
        "organisation": organisation.name,
        "address": organisation.postal_address,
        "registration": organisation.registration_number,
        "beneficiary": member.full_name,
        "employer": was.employer or (organisation.name if member.relation == "employee" else ""),
        "title": occasion.title if occasion else outline.title,
        "action": occasion.as_json() if occasion else None,
        "course": str(enrolment.course.uid),
        "version": outline.number,
        "version_digest": outline.digest,
        "objectives": list(outline.objectives[:6]),
        "begun": enrolment.launched_at.astimezone(ZoneInfo(organisation.time_zone)).date().isoformat(),
        "completed": completed.isoformat(),
        "minutes_at_a_distance": hours.own_time,
        "minutes_live": hours.live,
        "modalities": [*([OWN_TIME] if _is_own_time(outline, hours, was) else []), *was.forms],
        "places": list(was.places),
        "score": enrolment.score,
        "certifier": name,
        "certifier_quality": quality,
        "language": member.language or organisation.language,
        "course_language": outline.language,
        "time_zone": organisation.time_zone,
    }
    until = months_after(completed, months) if months else None
    return Certificate(organisation=organisation, enrolment=enrolment, content=content, valid_until=until)


def _is_own_time(outline: Outline, hours: Hours, was: Attended) -> bool:
    """Something was done at a distance: by its minutes, or, where the course states none, since nothing was live."""
    if hours.own_time or was.forms:
        return bool(hours.own_time)
    return any(not kinds.get(activity.kind).is_live for activity in outline.activities)
