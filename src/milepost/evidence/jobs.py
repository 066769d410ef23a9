"""What the background does for evidence: dossiers, readiness, letting go."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import job
from milepost.evidence import dossiers, readiness, retention
from milepost.evidence.models import Dossier


@job(queue="builds", title=_("Build a dossier"), limit=6 * 3600)
def build_dossier(organisation_id: int, dossier_id: int) -> None:
    """Build it unless it is there."""
    waiting = Dossier.objects.filter(organisation_id=organisation_id, pk=dossier_id, digest="")
    for dossier in waiting.select_related("action__organisation", "action__course", "asked_by", "member"):
        dossiers.build_one(dossier)


@job(queue="builds", title=_("Look how ready the training actions are"), attempts=None)
def refresh_readiness(organisation_id: int) -> None:
    """Look at the actions that were looked at longest ago."""
    readiness.refresh_stale(organisation_id)


@job(queue="builds")
def find_stale() -> None:
    """Find the organisations with actions that nobody looked at for a while."""
    numbers = readiness.stale().order_by().values_list("organisation_id", flat=True).distinct()
    refresh_readiness.enqueue_many((number,) for number in numbers)


@job(queue="builds", title=_("Let go of the evidence of an action"), limit=3600)
def let_go(organisation_id: int, action_id: int) -> None:
    """Take it away, if somebody said that it can go."""
    for action in retention.to_let_go().filter(organisation_id=organisation_id, pk=action_id):
        retention.let_go(action=action, by=action.letting_go_by)
