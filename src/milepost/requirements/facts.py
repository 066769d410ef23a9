"""What this room records: requirements, and who is exempt from one."""

from contextlib import suppress
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.words import date_format
from milepost.journal.vocabulary import COUNT, DAY, REFERENCE, TEXT, UID, FactType, Fields, Statement, listed, one_of
from milepost.requirements.cycles import Counted, First

# All that is needed to say afterwards what was asked of whom on a day.
_ASKED: Fields = {
    "course": UID,
    "equivalents": listed(UID),
    "audience": UID,
    "starts_on": DAY,
    "first": one_of(*First),
    "day?": DAY,
    "days": COUNT,
    "least_days": COUNT,
    "every_months?": COUNT,
    "counted": one_of(*Counted),
    "opens_days": COUNT,
    "accepts_days?": COUNT,
}

REQUIREMENT_CREATED = FactType(
    "created",
    "requirement",
    is_office=True,
    result=_ASKED,
    sentence=gettext_lazy("Set the requirement “%(object)s”"),
    done_to=gettext_lazy("Set by %(actor)s"),
)
REQUIREMENT_UPDATED = FactType(
    "updated",
    "requirement",
    is_office=True,
    result=_ASKED,
    sentence=gettext_lazy("Changed the requirement “%(object)s”"),
    done_to=gettext_lazy("Changed by %(actor)s"),
)
REQUIREMENT_ENDED = FactType(
    "ended",
    "requirement",
    is_office=True,
    sentence=gettext_lazy("Ended the requirement “%(object)s”"),
    done_to=gettext_lazy("Ended by %(actor)s"),
)
REQUIREMENT_RESUMED = FactType(
    "resumed",
    "requirement",
    is_office=True,
    sentence=gettext_lazy("Resumed the requirement “%(object)s”"),
    done_to=gettext_lazy("Resumed by %(actor)s"),
)


def _exempted(statement: Statement) -> str:
    until = statement.result.get("ends")
    if not until:
        return _("Exempt from “%(object)s”, says %(by)s (reason: %(reason)s)")
    day = until
    with suppress(ValueError):  # an example in the documentation
        day = date_format(date.fromisoformat(until))
    told = _("Exempt from “%(object)s” until {day}, says %(by)s (reason: %(reason)s)")
    return told.replace("{day}", day.replace("%", "%%"))


# They are facts of the person, as what they learn is: who decided stands in the context.
PERSON_EXEMPTED = FactType(
    "exempted",
    "requirement",
    result={"reason": TEXT, "begins": DAY, "ends?": DAY, "exemption": UID},
    context={"instructor": REFERENCE},
    sentence=_exempted,
)
PERSON_EXEMPTION_ENDED = FactType(
    "ended-exemption",
    "requirement",
    result={"exemption": UID, "ends": DAY},
    context={"instructor": REFERENCE},
    sentence=gettext_lazy("Not exempt from “%(object)s” any more, says %(by)s"),
)
