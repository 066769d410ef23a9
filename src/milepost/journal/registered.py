"""What the journal brings to the rooms below, and its own facts."""

from milepost.core.blobs.references import mentions
from milepost.core.jobs import every
from milepost.journal import facts, jobs, vocabulary
from milepost.journal.queries import files_told_of


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    every(1, jobs.follow_everywhere)
    every(15, jobs.seal_everywhere)
    every(30, jobs.stamp_everywhere)

    mentions.register("journal", files_told_of)
