"""What this room records: who is in which course, and what they did there."""

from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.courses.kinds import work_fields
from milepost.journal.vocabulary import (
    COUNT,
    DAY,
    FLAG,
    NUMBER,
    PERCENT,
    REFERENCE,
    SHA256,
    TEXT,
    UID,
    FactType,
    Fields,
    Statement,
    adl,
    one_of,
)


def _enrolled(statement: Statement) -> str:
    if "requirement" in statement.context:
        return _("Enrolled in “%(object)s”, as a requirement asks")
    if "round" in statement.context:
        return (
            _("Enrolled in “%(object)s” again by %(by)s (round %(round)s)")
            if statement.by
            else _("Joined “%(object)s” again (round %(round)s)")
        )
    return _("Enrolled in “%(object)s” by %(by)s") if statement.by else _("Joined “%(object)s”")


def _rescheduled(statement: Statement) -> str:
    return (
        _("New due date for “%(object)s”: %(due)s") if "due" in statement.result else _("No due date for “%(object)s”")
    )


def _withdrawn(statement: Statement) -> str:
    return _("Enrolment in “%(object)s” undone") if "act" in statement.context else _("Taken out of “%(object)s”")


class Caveat(StrEnum):
    """What a completion does not prove, as far as the server can tell."""

    REPORTED = "reported"  # the browser said what was done: the server knows only that there was time for it
    HASTY = "hasty"  # so little time passed since it was opened that nobody can have read it


def _finished(statement: Statement) -> str:
    match statement.context.get("caveat"):
        case Caveat.REPORTED:
            return _("Finished “%(object)s”, as the browser reported (%(progress)s %% of the course)")
        case Caveat.HASTY:
            return _("Finished “%(object)s” sooner than anybody can read it (%(progress)s %% of the course)")
        case _other:
            return _("Finished “%(object)s” (%(progress)s %% of the course)")


def _score_and_work() -> Fields:
    return {"score": PERCENT, **work_fields()}


def _progress_and_work() -> Fields:
    return {"progress": PERCENT, **work_fields()}


# What asks for it, where nobody did.
_BECAUSE: Fields = {"requirement?": REFERENCE}
# Which round of a person in a course; missing for the first.
ROUND: Fields = {"round?": COUNT}
_VERSION: Fields = {"course": UID, "version": COUNT, **ROUND}  # what is done is done in a version of a course

COURSE_REGISTERED = FactType(
    "registered",
    "course",
    iri=adl("registered"),
    result={"due?": DAY},
    context={"instructor?": REFERENCE, "act?": UID, **_BECAUSE, **ROUND},
    sentence=_enrolled,
)
COURSE_RESCHEDULED = FactType(
    "rescheduled",
    "course",
    result={"due?": DAY},
    context={"instructor?": REFERENCE, **_BECAUSE, **ROUND},
    sentence=_rescheduled,
)
COURSE_WITHDREW = FactType(
    "withdrew",
    "course",
    context={"instructor?": REFERENCE, "act?": UID, **ROUND},
    sentence=_withdrawn,
)

COURSE_LAUNCHED = FactType(
    "launched",
    "course",
    iri=adl("launched"),
    context=ROUND,
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
    context={**_VERSION, "caveat?": one_of(*Caveat)},
    about="course",
    sentence=_finished,
)
MODULE_COMPLETED = FactType(
    "completed",
    "module",
    iri=adl("completed"),
    context=_VERSION,
    about="course",
    sentence=gettext_lazy("Completed “%(object)s”"),
)
ACTIVITY_REOPENED = FactType(
    "reopened",
    "activity",
    context=_VERSION,
    about="course",
    sentence=gettext_lazy("“%(object)s” does not count as done any more"),
)
COURSE_REOPENED = FactType(
    "reopened",
    "course",
    context={"version": COUNT, **ROUND},
    sentence=gettext_lazy("“%(object)s” does not count as completed any more"),
)
COURSE_COMPLETED = FactType(
    "completed",
    "course",
    iri=adl("completed"),
    result={"score?": NUMBER},
    context={"version": COUNT, **ROUND},
    sentence=gettext_lazy("Completed “%(object)s”"),
)

# --- What was completed elsewhere -------------------------------------------------------------------------

COURSE_RECOGNISED = FactType(
    "recognised",
    "course",
    result={
        "equivalence": UID,
        "title": TEXT,
        "issuer": TEXT,
        "completed": DAY,
        "receipt_sha256": SHA256,
        "key": SHA256,
        "key_checked": FLAG,
        "reason": TEXT,
    },
    context={"instructor?": REFERENCE},
    sentence=gettext_lazy(
        "“%(title)s”, completed at %(issuer)s, recognised by %(by)s as equivalent to “%(object)s” (reason: %(reason)s)"
    ),
)
COURSE_UNRECOGNISED = FactType(
    "unrecognised",
    "course",
    result={"equivalence": UID, "title": TEXT, "issuer": TEXT, "reason": TEXT},
    context={"instructor?": REFERENCE},
    sentence=gettext_lazy(
        "“%(title)s”, completed at %(issuer)s, no longer recognised as equivalent to “%(object)s”, says %(by)s (reason: %(reason)s)"
    ),
)
