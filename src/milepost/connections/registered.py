"""What connection records bring to the rooms below."""

from django.db.models import QuerySet

from milepost.connections import drawing_up, facts, jobs
from milepost.connections.contribution import ConnectionsContribution
from milepost.connections.models import ConnectionRecord
from milepost.core.jobs import every
from milepost.documents import timestamps
from milepost.evidence.facts import ACTION_REGISTERED
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.learning.facts import COURSE_COMPLETED
from milepost.people.contributions import BATCH, contributions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    contributions.register("connections", ConnectionsContribution())
    due = [COURSE_COMPLETED, ACTION_REGISTERED]
    subscribe("connection-records", due, drawing_up.draw_up_for_completions, is_replayable=True, at_once=BATCH)
    every(30, jobs.find_untypeset, when=lambda: ConnectionRecord.objects.untypeset().exists())
    timestamps.register("connection-records", _sealed, facts.CONNECTION_RECORD_SEALED, made_at="made_at")


def _sealed() -> "QuerySet[ConnectionRecord]":
    return ConnectionRecord.objects.sealed().select_related("action", "member")
