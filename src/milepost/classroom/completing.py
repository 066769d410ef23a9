"""Completing the live step of a course, for those who were there long enough.

It hangs on the facts of the attendance, never on the sheet: once every half-day of the session is closed, and again
whenever a correction says that somebody was there after all. What was completed stays completed, unless somebody decides
about a signature that is in doubt that its person was not there.
"""

from collections.abc import Sequence

from milepost.classroom.facts import SESSION_UPDATED, SLOT_CLOSED, SLOT_CORRECTED, SLOT_DECIDED
from milepost.classroom.models import Attendance, LiveSession
from milepost.classroom.queries import minutes_by_member
from milepost.courses.outline import content_of
from milepost.journal.models import Entry
from milepost.learning.models import Enrolment, EnrolmentQuerySet, Progress
from milepost.learning.progressing import complete_activity, save_state, take_back_activity

FACTS = (SLOT_CLOSED, SLOT_CORRECTED, SLOT_DECIDED, SESSION_UPDATED)


def complete_steps_after(facts: Sequence[Entry]) -> None:
    """Complete what follows from half-days that were closed or corrected, or that a session has no more."""
    uids = {fact.about for fact in facts}
    for session in LiveSession.objects.filter(organisation=facts[0].organisation_id, uid__in=uids).order_by("pk"):
        complete_steps(session)


def complete_steps(session: LiveSession) -> int:
    """Complete the course's step for everybody who was there long enough; return for how many. Twice changes nothing.

    Nobody's, while a half-day is open: how long somebody was there is known at the end. Whoever completed it here, and was not
    there after all, as somebody decided, has it taken back.
    """
    if session.course_id is None or session.slots.filter(closed_at=None).exists() or not session.slots.exists():
        return 0
    minutes = minutes_by_member(Attendance.objects.filter(slot__session=session))
    struck = set(
        Attendance.objects.filter(slot__session=session, struck_at__isnull=False).values_list(
            "participant__member", flat=True
        )
    )
    enrolments = _rounds_at(session).filter(member__in=minutes.keys() | struck)
    completed = 0
    for enrolment in enrolments.select_related("member", "course", "organisation"):
        there = minutes.get(enrolment.member_id, 0)
        if _is_enough(enrolment, session, there):
            completed += _complete(enrolment, session, there)
        elif enrolment.member_id in struck:
            _take_back(enrolment, session)
    return completed


def _rounds_at(session: LiveSession) -> EnrolmentQuerySet:
    """A session counts in the rounds in which it ended: neither in a later one, nor in one that was over."""
    ended_at = max(slot.ends_at for slot in session.slots.all())
    return Enrolment.objects.filter(course=session.course_id).at(ended_at)


def _is_enough(enrolment: Enrolment, session: LiveSession, minutes: int) -> bool:
    activity = enrolment.outline.by_key.get(session.activity_key)
    if activity is None:
        return False
    least = content_of(enrolment.organisation_id, activity.digest).definition.get("attendance", 100)
    return bool(minutes * 100 >= least * sum(slot.minutes for slot in session.slots.all()))


def _complete(enrolment: Enrolment, session: LiveSession, minutes: int) -> bool:
    activity = enrolment.outline.by_key[session.activity_key]
    if enrolment.progress.filter(activity_key=activity.key, status=Progress.Status.COMPLETED).exists():
        return False
    uid = str(session.uid)
    work = {"session": uid, "minutes": minutes}
    complete_activity(enrolment=enrolment, activity=activity, result=work, state={"session": uid})
    return True


def _take_back(enrolment: Enrolment, session: LiveSession) -> None:
    """Unless it was another session of the step in which they completed it, or one would do."""
    activity = enrolment.outline.by_key.get(session.activity_key)
    done = enrolment.progress.filter(activity_key=session.activity_key, status=Progress.Status.COMPLETED).first()
    if activity is None or done is None or done.state.get("session") != str(session.uid):
        return
    others = LiveSession.objects.filter(course=session.course_id, activity_key=session.activity_key, cancelled_at=None)
    closed = others.exclude(pk=session.pk).exclude(slots__closed_at=None)
    for other in closed.filter(participants__member=enrolment.member_id).distinct().order_by("pk"):
        if not _rounds_at(other).filter(pk=enrolment.pk).exists():
            continue
        theirs = Attendance.objects.filter(slot__session=other, participant__member=enrolment.member_id)
        if _is_enough(enrolment, other, minutes_by_member(theirs).get(enrolment.member_id, 0)):
            save_state(progress=done, state={"session": str(other.uid)})
            return
    take_back_activity(enrolment=enrolment, activity=activity)
