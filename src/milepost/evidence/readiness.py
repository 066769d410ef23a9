"""How ready an action is: each piece that its profile wants, whether it is there, and who has to do what.

What a piece or a check looks at is told by the room that keeps it (`sources` and `checks` of its contribution).
Everything is read in a few queries, whatever the number of people.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Q, QuerySet

from milepost.core import clock
from milepost.evidence.contributions import named, scope_of
from milepost.evidence.models import TrainingAction
from milepost.evidence.profiles import Profile, profiles
from milepost.people.contributions import Finding
from milepost.people.models import Member


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
    profile, scope = profiles()[action.profile], scope_of(action, member)
    sources, checks = named("sources"), named("checks")
    readiness = Readiness(profile)
    for need in profile.pieces:
        readiness.findings += sources[need.source](scope, need)
    for check in profile.checks:
        readiness.findings += checks[check](scope)
    return readiness


def refresh(action: TrainingAction) -> Readiness:
    """Look, and keep the number for the page of all actions."""
    readiness = readiness_of(action)
    action.readiness, action.checked_at = readiness.percent, clock.now()
    TrainingAction.objects.filter(pk=action.pk).update(readiness=action.readiness, checked_at=action.checked_at)
    return readiness


def refresh_stale(organisation_id: int) -> int:
    """Look at the organisation's actions that were looked at longest ago; return how many."""
    rows = list(stale().filter(organisation_id=organisation_id).order_by("checked_at")[:50])
    for action in rows:
        refresh(action)
    return len(rows)


def stale() -> "QuerySet[TrainingAction]":
    """The actions that nobody looked at for a while, in all organisations."""
    never_or_long_ago = Q(checked_at=None) | Q(checked_at__lt=clock.now() - timedelta(minutes=5))
    return TrainingAction.objects.filter(never_or_long_ago, let_go_at=None).select_related("organisation", "course")
