"""What the background does for connection records: drawing up those that are due, and their files."""

from django.utils.translation import gettext_lazy as _

from milepost.connections import drawing_up, typesetting
from milepost.connections.models import ConnectionRecord
from milepost.core.jobs import job
from milepost.evidence.contributions import scope_of
from milepost.evidence.models import TrainingAction


@job(queue="files", title=_("Draw up connection records"), attempts=None, limit=3600)
def draw_up(organisation_id: int, action_id: int, is_asked: bool = False) -> None:
    """Draw up those of who completed the course and has none; where somebody asked, all that are to be made, or made anew."""
    actions = TrainingAction.objects.filter(organisation_id=organisation_id, pk=action_id, let_go_at=None)
    for action in actions.select_related("organisation", "course"):
        without = drawing_up.completed_without(action).values_list("pk", flat=True)
        members = drawing_up.lacking(scope_of(action)) if is_asked else list(without)
        drawing_up.draw_up(action=action, members=members)


@job(queue="files", title=_("Make the file of a connection record"), each="record_ids")
def typeset(organisation_id: int, record_ids: list[int]) -> None:
    """Make those that are not there."""
    waiting = ConnectionRecord.objects.untypeset().filter(organisation_id=organisation_id, pk__in=record_ids)
    typesetting.typeset(list(waiting.select_related("organisation", "action", "member").order_by("pk")))


@job(queue="files")
def find_untypeset() -> None:
    """Find the records whose file is still to be made, whatever became of the job that was to make it."""
    waiting = ConnectionRecord.objects.untypeset().order_by("pk")
    typeset.enqueue_each(waiting.values_list("organisation_id", "pk"))
