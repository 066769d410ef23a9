"""What an action says of itself in its documents."""

from django.utils import translation
from django.utils.translation import gettext as _

from milepost.classroom.hours import Planned, hours_planned
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
        named = (
            *("title", "reference", "objectives", "price", "client", "client_address", "client_registration"),
            *("client_representative", "client_capacity"),
        )
        return {
            **{name: getattr(action, name) for name in named},
            "content": "\n".join(_content(action)),
            "period": days(action.starts_on, action.ends_on),
            "dates": days_and_hours(spans) or days(action.starts_on, action.ends_on),
            "place": ", ".join(places),
            "hours": duration(action.minutes),
            "distance": _distance(action),
            "help": _help(action),
            "means": _("Trainers who know the trade, the platform with its help, and what the places offer"),
            "people": ", ".join(names),
        }


def _content(action: TrainingAction) -> list[str]:
    from milepost.courses.outline import outline_of

    if action.course and action.course.published_id:
        return [module.title for module in outline_of(action.course.published_id).modules]
    return [session.title for session in action.sessions.all()]


def planned_of(action: TrainingAction) -> Planned:
    """What each person is to do in it: by the published version of its course, and the half-days of its sessions."""
    return hours_planned(course=action.course, sessions=action.sessions.all())


def _distance(action: TrainingAction) -> str:
    """How much of what is planned is done at a distance (D6353-1 since 1 July 2025); nothing where nothing is planned yet."""
    planned = planned_of(action)
    if not planned.total:
        return ""
    words = _("At a distance: %(percent)s %% of the duration (%(distance)s of %(total)s).")
    return words % {
        "percent": round(100 * planned.at_a_distance / planned.total),
        "distance": duration(planned.at_a_distance),
        "total": duration(planned.total),
    }


def _help(action: TrainingAction) -> str:
    """The help for those who learn at a distance (D6313-3-1): who, by what means, how fast."""
    given = {"who": action.help_by, "means": action.help_means, "time": action.help_within}
    if not any(given.values()):
        return ""
    labels = {"who": _("Help at a distance"), "means": _("by"), "time": _("answered")}
    return ", ".join(f"{labels[name]}: {text}" for name, text in given.items() if text)
