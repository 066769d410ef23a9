"""What the background does for receipts."""

from milepost.core.jobs import job
from milepost.receipts import leaving


@job(queue="mail")
def tell_leavers() -> None:
    """Send those who leave the link to their receipt."""
    leaving.tell_leavers()
