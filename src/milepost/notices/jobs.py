"""What the background does for notices."""

from milepost.core.jobs import job
from milepost.notices import quota, sending

# A turn ends within the patience of a worker that is told to stop.
TURN = 3.0  # seconds


@job(queue="mail")
def send() -> None:
    """Send what is due."""
    sending.send_due(seconds=TURN)


@job(queue="mail")
def forget() -> None:
    """Delete what was settled long ago."""
    sending.forget_old()


@job(queue="mail")
def look_at_quotas() -> None:
    """Tell owners of what is nearly full."""
    quota.tell_owners()
