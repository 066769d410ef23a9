"""How ready an action is: each piece that its profile wants, whether it is there, and who has to do what.

What a piece or a check looks at is told by the room that keeps it (`sources` and `checks` of its contribution).
Everything is read in a few queries, whatever the number of people.

The page of all actions shows a number that is kept. It follows the stream of facts: an action is looked at again once
something was recorded about what it is made of (`look_again`), and once a day while the calendar alone can change it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.db.models.functions import TruncDate

from milepost.core import clock
from milepost.core.jobs import named as named_job
from milepost.evidence.contributions import actions_about, named, scope_of
from milepost.evidence.facts import ACTION_EXPORTED, ACTION_REQUESTED, AUDITOR_EXPORTED, AUDITOR_VIEWED
from milepost.evidence.models import TrainingAction
from milepost.evidence.profiles import Profile, profile_of
from milepost.journal.models import Entry
from milepost.people.contributions import Finding
from milepost.people.models import Member, Organisation


@dataclass
class Readiness:
    """What was found, in the order of the profile."""

    profile: Profile
    findings: list[Finding] = field(default_factory=list)

    @property
    def percent(self) -> int:
        """How much of what is wanted is there; 100 only when nothing is left to do."""
        wanted = sum(finding.of for finding in self.findings)
        ready = sum(finding.of if finding.is_ready else min(finding.ready, finding.of - 1) for finding in self.findings)
        return 100 * ready // wanted if wanted else 0

    @property
    def open(self) -> list[Finding]:
        """What is left to do."""
        return [finding for finding in self.findings if not finding.is_ready]


def readiness_of(action: TrainingAction, member: Member | None = None) -> Readiness:
    """Look at everything that belongs to the action, or to one person in it."""
    profile, scope = profile_of(action), scope_of(action, member)
    sources, checks = named("sources"), named("checks")
    readiness = Readiness(profile)
    for need in profile.pieces:
        readiness.findings += sources[need.source](scope, need)
    for check in profile.checks:
        article = profile.articles.get(check, "")
        readiness.findings += (replace(found, article=found.article or article) for found in checks[check](scope))
    return readiness


def refresh(action: TrainingAction) -> Readiness:
    """Look, and keep the number for the page of all actions, unless somebody began to look later and knows more."""
    began_at = clock.now()
    readiness = readiness_of(action)
    action.readiness, action.checked_at = readiness.percent, began_at
    rows = TrainingAction.objects.filter(Q(checked_at=None) | Q(checked_at__lte=began_at), pk=action.pk)
    rows.update(readiness=action.readiness, checked_at=began_at)
    return readiness


# --- When it is looked at again -----------------------------------------------------------------------------

ONLY_LOOKING = frozenset(
    fact_type.name for fact_type in (AUDITOR_VIEWED, AUDITOR_EXPORTED, ACTION_REQUESTED, ACTION_EXPORTED)
)


def look_again(facts: Sequence[Entry]) -> None:
    """Have each action looked at again, in the background, about which something was recorded.

    However many facts there are, of one action at most one look waits.
    """
    organisation = Organisation.objects.filter(pk=facts[0].organisation_id).first()
    changes = [fact for fact in facts if fact.fact not in ONLY_LOOKING]
    if organisation and changes:
        look = named_job("evidence.refresh_readiness")
        look.enqueue_many((organisation.pk, action) for action in sorted(actions_about(organisation, changes)))


def due_by_calendar() -> Iterator[tuple[int, int]]:
    """The actions that were not looked at yet on this day of their organisation, by the keys of both.

    What is late depends on the day from an action's first day until the one after its last; so does nothing else.
    """
    for zone in Organisation.objects.order_by().values_list("time_zone", flat=True).distinct():
        today, looked_on = clock.today(zone), TruncDate("checked_at", tzinfo=ZoneInfo(zone))
        actions = TrainingAction.objects.filter(organisation__time_zone=zone, let_go_at=None, starts_on__lte=today)
        due = actions.annotate(looked_on=looked_on).filter(looked_on__lt=today, ends_on__gte=F("looked_on"))
        yield from due.order_by("pk").values_list("organisation_id", "pk")
