"""Completing the live step of a course, for those who were there long enough.

It hangs on the facts of the attendance, never on the sheet: once every half-day of the session is closed, and again
whenever a correction says that somebody was there after all. What was completed stays completed.
"""

from collections.abc import Sequence

from milepost.classroom.facts import SESSION_UPDATED, SLOT_CLOSED, SLOT_CORRECTED
from milepost.classroom.models import Attendance, LiveSession
from milepost.classroom.queries import minutes_by_member
from milepost.courses.outline import content_of
from milepost.journal.models import Entry
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity

FACTS = (SLOT_CLOSED, SLOT_CORRECTED, SESSION_UPDATED)


def complete_steps_after(facts: Sequence[Entry]) -> None:
    """Complete what follows from half-days that were closed or corrected, or that a session has no more."""
    uids = {fact.about for fact in facts}
    for session in LiveSession.objects.filter(organisation=facts[0].organisation_id, uid__in=uids).order_by("pk"):
        complete_steps(session)


def complete_steps(session: LiveSession) -> int:
    """Complete the course's step for everybody who was there long enough; return for how many. Twice changes nothing.

    Nobody's, while a half-day is open: how long somebody was there is known at the end.
    """
    if session.course_id is None or session.slots.filter(closed_at=None).exists():
        return 0
    minutes = minutes_by_member(Attendance.objects.filter(slot__session=session))
    total = sum(slot.minutes for slot in session.slots.all())
    enrolments = Enrolment.objects.filter(course_id=session.course_id, member__in=minutes).select_related(
        "member", "course", "organisation"
    )
    return sum(_complete(enrolment, session, minutes[enrolment.member_id], total) for enrolment in enrolments)


def _complete(enrolment: Enrolment, session: LiveSession, minutes: int, total: int) -> bool:
    activity = enrolment.outline.by_key.get(session.activity_key)
    if activity is None:
        return False
    least = content_of(enrolment.organisation_id, activity.digest).definition.get("attendance", 100)
    if (
        minutes * 100 < least * total
        or enrolment.progress.filter(activity_key=activity.key, status="completed").exists()
    ):
        return False
    complete_activity(enrolment=enrolment, activity=activity, result={"session": str(session.uid), "minutes": minutes})
    return True
