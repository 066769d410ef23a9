"""What an action says of itself in its documents."""

from django.utils import translation
from django.utils.translation import gettext as _

from milepost.core.words import date_format, duration
from milepost.evidence.models import TrainingAction


def values_of_action(action: TrainingAction) -> dict[str, str]:
    """The values that the words of a document may name."""
    with translation.override(action.language):
        slots = [slot for session in action.sessions.all() for slot in session.slots.select_related("session")]
        days = [f"{slot.day}, {slot.hours}" for slot in sorted(slots, key=lambda slot: slot.starts_at)]
        span = [date_format(day, "DATE_FORMAT") for day in (action.starts_on, action.ends_on)]
        places = dict.fromkeys(session.where for session in action.sessions.all() if session.where)
        if action.course:
            places[_("online, in one’s own time")] = None
        names = [member.full_name for member in action.members.order_by("family_name", "given_name")[:60]]
        return {
            "title": action.title,
            "reference": action.reference,
            "client": action.client,
            "objectives": action.objectives,
            "content": "\n".join(_content(action)),
            "dates": "; ".join(days) or " – ".join(dict.fromkeys(span)),
            "place": ", ".join(places),
            "hours": duration(action.minutes),
            "means": _("Trainers who know the trade, the platform with its help, and what the places offer"),
            "price": action.price,
            "people": ", ".join(names),
        }


def _content(action: TrainingAction) -> list[str]:
    from milepost.courses.outline import outline_of

    if action.course and action.course.published_id:
        return [module.title for module in outline_of(action.course.published_id).modules]
    return [session.title for session in action.sessions.all()]
