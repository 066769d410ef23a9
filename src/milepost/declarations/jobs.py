"""What the background does for declarations: drawing them up, counting what is proven."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import job
from milepost.declarations import drawing_up, proving
from milepost.declarations.models import Draft
from milepost.evidence.models import TrainingAction


@job(queue="builds", title=_("Draw up a declaration"), limit=3600)
def draw_up(organisation_id: int, draft_id: int) -> None:
    """Draw it up, unless it is there."""
    waiting = Draft.objects.filter(organisation_id=organisation_id, pk=draft_id, done_at=None)
    for draft in waiting.select_related("organisation"):
        drawing_up.draw(draft)


@job(queue="builds", title=_("Count what is proven of a training action"), attempts=None)
def refresh_proof(organisation_id: int, action_id: int) -> None:
    """Count it, unless the action was let go."""
    actions = TrainingAction.objects.filter(organisation_id=organisation_id, pk=action_id, let_go_at=None)
    for action in actions.select_related("organisation", "course"):
        proving.refresh(action)
