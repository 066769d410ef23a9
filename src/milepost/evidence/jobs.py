"""What the background does for evidence: dossiers, readiness, letting go."""

from django.utils.translation import gettext_lazy as _

from milepost.core.blobs.removing import QUIET, remove_unused
from milepost.core.jobs import NotNow, job
from milepost.evidence import dossiers, readiness, registering, retention
from milepost.evidence.models import Dossier, TrainingAction
from milepost.people.models import Organisation


@job(queue="builds", title=_("Record who takes part in a training action"), attempts=None)
def register_people(organisation_id: int, action_id: int) -> None:
    """Record it of those of whom it is not recorded, unless the action was let go."""
    for action in TrainingAction.objects.filter(organisation_id=organisation_id, pk=action_id, let_go_at=None):
        registering.register_people(action)


@job(queue="builds", title=_("Build a dossier"), limit=6 * 3600)
def build_dossier(organisation_id: int, dossier_id: int) -> None:
    """Build it unless it is there."""
    waiting = Dossier.objects.filter(organisation_id=organisation_id, pk=dossier_id, digest="")
    for dossier in waiting.select_related("action__organisation", "action__course", "asked_by", "member"):
        dossiers.build_one(dossier)


@job(queue="builds", title=_("Look how ready a training action is"), attempts=None)
def refresh_readiness(organisation_id: int, action_id: int) -> None:
    """Look at it, unless it was let go."""
    actions = TrainingAction.objects.filter(organisation_id=organisation_id, pk=action_id, let_go_at=None)
    for action in actions.select_related("organisation", "course"):
        readiness.refresh(action)


@job(queue="builds")
def find_new_days() -> None:
    """Have those actions looked at, once a day, that the calendar alone can change."""
    refresh_readiness.enqueue_many(readiness.due_by_calendar())


@job(queue="files", title=_("Remove the files of what was erased"), attempts=None, limit=3600)
def remove_files(organisation_id: int, digests: list[str]) -> None:
    """Take away what nothing refers to. What was stored lately may be about to be referred to, and waits."""
    for organisation in Organisation.objects.filter(pk=organisation_id):
        if remove_unused(organisation, digests):
            raise NotNow(QUIET.total_seconds())


@job(queue="builds", title=_("Let go of the evidence of an action"), limit=3600)
def let_go(organisation_id: int, action_id: int) -> None:
    """Take it away, if somebody said that it can go."""
    for action in retention.to_let_go().filter(organisation_id=organisation_id, pk=action_id):
        retention.let_go(action=action, by=action.letting_go_by)
