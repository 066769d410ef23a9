"""What the background does with the log: forgetting what is older than it is kept."""

from milepost.core.jobs import job
from milepost.security import keeping


@job(queue="imports")
def forget_events() -> None:
    """Delete the events whose days are over."""
    keeping.forget_old()
