"""How long evidence is kept: by its profile, from the end of the action. What its time is over for can be let go.

Letting an action go takes away its files, signatures and people, and the words of its facts; the action itself, as a
line with its title and dates, and every proof of what other facts say, stay. Certificates stay too: they are the
people's, and go with the person (see `erasing`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import batched

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.irrevocable import irrevocable
from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.core.words import date_format
from milepost.evidence.contributions import counts, file_kinds, scope_to_let_go, things
from milepost.evidence.forgetting import forget_files, named_in
from milepost.evidence.models import TrainingAction
from milepost.evidence.profiles import LAST_PAYMENT_YEAR, profile_of
from milepost.journal.erasing import erase
from milepost.journal.facts import ERASED
from milepost.journal.models import Entry
from milepost.journal.recording import SYSTEM
from milepost.people.contributions import BATCH, Scope, contributions
from milepost.people.models import Member, Organisation


class StillKept(Refused):
    """The action's time is not over; the message says until when it is kept."""


NAMING = ("client_representative", "client_capacity", "help_by", "help_means")  # of an action: they name people
KEPT = gettext_lazy("%(reference)s “%(title)s” is kept until %(day)s (%(profile)s).")


@dataclass(frozen=True)
class Going:
    """What goes with an action: how many of what, for people to read before they say yes."""

    action: TrainingAction
    kept_until: date
    counts: list[tuple[str, int]]


def kept_until(action: TrainingAction) -> date:
    """The last day on which the evidence stays: as long as its profile wants, and longer if the organisation says so.

    Where the profile counts from the end of the year of the last payment, the action's last day stands for it until one is known.
    """
    decided = (room.kept_years(action.organisation) for room in contributions.all())
    kept = profile_of(action).kept
    years = max(kept.years, *decided)
    if kept.counted == LAST_PAYMENT_YEAR:
        return date(max(action.last_paid_on or action.ends_on, action.ends_on).year + years, 12, 31)
    try:
        return action.ends_on.replace(year=action.ends_on.year + years)
    except ValueError:  # 29 February
        return action.ends_on.replace(year=action.ends_on.year + years, day=28)


def is_due(action: TrainingAction) -> bool:
    """Whether its time is over and it was not let go yet."""
    return action.let_go_at is None and kept_until(action) < clock.today(action.organisation.time_zone)


def timetable(organisation: Organisation) -> list[tuple[date, TrainingAction]]:
    """Every action that still holds evidence, with the day until which it is kept, the earliest first."""
    rows = list(TrainingAction.objects.filter(organisation=organisation, let_go_at=None))
    for action in rows:
        action.organisation = organisation  # one for all: its settings are read once
    return sorted(((kept_until(action), action) for action in rows), key=lambda pair: (pair[0], pair[1].pk))


def preview(action: TrainingAction) -> Going:
    """What would go, counted and not touched."""
    scope = scope_to_let_go(action)
    numbers = [
        (_("People"), scope.members.count()),
        *counts(scope),
        (_("Files"), len(set(_files(scope)) - {""})),
        (_("Facts"), len(_facts(scope))),
    ]
    return Going(action, kept_until(action), numbers)


@irrevocable
def ask_to_let_go(*, action: TrainingAction, by: Member) -> None:
    """Have the evidence of the action taken away in the background. Raises `StillKept`."""
    _refuse_kept(action)
    with transaction.atomic():
        TrainingAction.objects.filter(pk=action.pk, let_go_at=None).update(letting_go_at=clock.now(), letting_go_by=by)
        named("evidence.let_go").enqueue(action.organisation_id, action.pk)


def to_let_go() -> "QuerySet[TrainingAction]":
    """The actions whose evidence somebody said can go, in all organisations."""
    asked = TrainingAction.objects.filter(letting_go_at__isnull=False, let_go_at=None)
    return asked.select_related("organisation", "letting_go_by")


def _refuse_kept(action: TrainingAction) -> None:
    if not is_due(action):
        words, day = _("%(reference)s is kept until %(day)s."), date_format(kept_until(action), "DATE_FORMAT")
        raise StillKept(words % {"reference": action.reference, "day": day})


def let_go(*, action: TrainingAction, by: Member | None) -> int:
    """Take the evidence of the action away, for good; return how many facts were erased. Raises `StillKept`.

    One transaction: a process that is killed has taken nothing. Records `erased`.
    """
    _refuse_kept(action)
    with transaction.atomic():
        rows = TrainingAction.objects.select_for_update(of=("self",), no_key=True).select_related(
            "organisation", "course"
        )
        locked = rows.get(pk=action.pk)
        if locked.let_go_at:
            return 0
        scope = scope_to_let_go(locked)
        facts = _facts(scope)
        digests = {*_files(scope), *named_in(facts)}
        count = erase(
            facts,
            organisation=locked.organisation,
            by=by.as_reference() if by else SYSTEM,
            about=locked.as_reference(),
            reason=_("Kept until %(day)s by the profile “%(profile)s”")
            % {"day": kept_until(locked).isoformat(), "profile": locked.profile},
            context={"procedure": "retention"},
        )
        for contribution in reversed(contributions.all()):
            contribution.let_go(scope)
        locked.members.clear()
        locked.sessions.clear()
        nobody = {"created_by": None} | dict.fromkeys(NAMING, "")
        TrainingAction.objects.filter(pk=locked.pk).update(let_go_at=clock.now(), readiness=0, **nobody)
        forget_files(locked.organisation, digests)
    return count


def _files(scope: Scope) -> Iterator[str]:
    """The digests of the files that go."""
    for kind in file_kinds():
        for row in kind.of_action(scope).iterator(BATCH):
            yield kind.file(row).digest
            yield from (file.digest for file in kind.beside(row))


def _facts(scope: Scope) -> set[int]:
    """The facts that go: not what people learnt, which is theirs, but what tells of sessions, documents and files."""
    entries = (
        Entry.objects.filter(organisation_id=scope.organisation.pk).exclude(statement="").exclude(fact=ERASED.name)
    )
    numbers: set[int] = set()
    for part in batched(things(scope), BATCH, strict=False):
        numbers.update(entries.filter(about__in=part).order_by().values_list("id", flat=True))
    return numbers
