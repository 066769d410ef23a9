"""What the journal brings to the rooms below."""

from milepost.core.jobs import every
from milepost.journal import jobs


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    every(1, jobs.follow_everywhere)
    every(15, jobs.seal_everywhere)
    every(30, jobs.stamp_everywhere)
