"""What an action says of itself in its documents."""

from django.utils import translation
from django.utils.translation import gettext as _

from milepost.core.words import days, days_and_hours, duration
from milepost.evidence.models import TrainingAction


def values_of_action(action: TrainingAction) -> dict[str, str]:
    """The values that the words of a document may name."""
    with translation.override(action.language):
        slots = [slot for session in action.sessions.all() for slot in session.slots.select_related("session")]
        spans = sorted((slot.local_start, slot.local_end) for slot in slots)
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
            "dates": days_and_hours(spans) or days(action.starts_on, action.ends_on),
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
