"""Whether the hours that were agreed are those that are planned, and how many of them were done; a difference with its size."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from milepost.classroom.hours import hours_in, planned_in
from milepost.core.words import duration
from milepost.people.contributions import Actor, Finding, Scope, State

SHOWN = 20  # people who are named


def agreed(scope: Scope) -> Iterator[Finding]:
    """The hours that were agreed are those that are planned, and those that were done; a difference is told with its size."""
    label, planned = _("Hours as agreed"), planned_in(scope)
    if planned.total and planned.total != scope.minutes:
        words = _("Agreed: %(agreed)s; course and sessions come to %(planned)s: %(difference)s differ.") % {
            "agreed": duration(scope.minutes),
            "planned": duration(planned.total),
            "difference": duration(abs(planned.total - scope.minutes)),
        }
        yield Finding("agreed", label, State.INCONSISTENT, words, Actor.LEAD)
        return
    if not scope.is_over or not scope.people:
        yield Finding("agreed", label, State.READY, _("Course and sessions come to what was agreed."), ready=1)
        return
    done = hours_in(scope)
    short = {person: scope.minutes - done[person.pk].total for person in scope.people}
    lacking = [person.full_name for person, minutes in short.items() if minutes > 0]
    total = sum(done[person.pk].total for person in scope.people)
    words = _("Done: %(done)s of %(agreed)s that were agreed.") % {
        "done": duration(total),
        "agreed": duration(scope.minutes * len(scope.people)),
    }
    if lacking:
        less = duration(sum(minutes for minutes in short.values() if minutes > 0))
        words += " " + _("%(less)s less, of %(names)s: to be invoiced is what was done.") % {
            "less": less,
            "names": ", ".join(lacking[:SHOWN]) + (" …" if len(lacking) > SHOWN else ""),
        }
    yield Finding("agreed", label, State.READY, words, ready=1)
