"""What this room records: who is in which course, and what they did there."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.courses.kinds import work_fields
from milepost.journal.vocabulary import COUNT, DAY, NUMBER, PERCENT, REFERENCE, UID, FactType, Fields, Statement, adl


def _enrolled(statement: Statement) -> str:
    return _("Enrolled in “%(object)s” by %(by)s") if statement.by else _("Joined “%(object)s”")


def _rescheduled(statement: Statement) -> str:
    return (
        _("New due date for “%(object)s”: %(due)s") if "due" in statement.result else _("No due date for “%(object)s”")
    )


def _score_and_work() -> Fields:
    return {"score": PERCENT, **work_fields()}


def _progress_and_work() -> Fields:
    return {"progress": PERCENT, **work_fields()}


_VERSION: Fields = {"course": UID, "version": COUNT}  # what is done is done in a version of a course

COURSE_REGISTERED = FactType(
    "registered",
    "course",
    iri=adl("registered"),
    result={"due?": DAY},
    context={"instructor?": REFERENCE},
    sentence=_enrolled,
)
COURSE_RESCHEDULED = FactType(
    "rescheduled",
    "course",
    result={"due?": DAY},
    context={"instructor?": REFERENCE},
    sentence=_rescheduled,
)
COURSE_WITHDREW = FactType(
    "withdrew",
    "course",
    context={"instructor?": REFERENCE},
    sentence=gettext_lazy("Taken out of “%(object)s”"),
)

COURSE_LAUNCHED = FactType(
    "launched",
    "course",
    iri=adl("launched"),
    sentence=gettext_lazy("Opened “%(object)s” for the first time"),
)
ACTIVITY_INITIALISED = FactType(
    "initialized",
    "activity",
    iri=adl("initialized"),
    context=_VERSION,
    about="course",
    sentence=gettext_lazy("Began “%(object)s”"),
)
ACTIVITY_PASSED = FactType(
    "passed",
    "activity",
    iri=adl("passed"),
    result=_score_and_work,
    context=_VERSION,
    about="course",
    sentence=gettext_lazy("Passed “%(object)s” with %(score)s %%"),
)
ACTIVITY_FAILED = FactType(
    "failed",
    "activity",
    iri=adl("failed"),
    result=_score_and_work,
    context=_VERSION,
    about="course",
    sentence=gettext_lazy("Did not pass “%(object)s”: %(score)s %%"),
)
ACTIVITY_PROGRESSED = FactType(
    "progressed",
    "activity",
    iri=adl("progressed"),
    result=_progress_and_work,
    context=_VERSION,
    about="course",
    sentence=gettext_lazy("Finished “%(object)s” (%(progress)s %% of the course)"),
)
MODULE_COMPLETED = FactType(
    "completed",
    "module",
    iri=adl("completed"),
    context=_VERSION,
    about="course",
    sentence=gettext_lazy("Completed “%(object)s”"),
)
COURSE_COMPLETED = FactType(
    "completed",
    "course",
    iri=adl("completed"),
    result={"score?": NUMBER},
    context={"version": COUNT},
    sentence=gettext_lazy("Completed “%(object)s”"),
)
