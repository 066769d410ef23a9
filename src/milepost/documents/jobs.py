"""What the background does for documents."""

from milepost.core.jobs import job
from milepost.documents import reminders


@job(queue="mail")
def notify_signatories() -> None:
    """Ask and remind whoever is due."""
    reminders.notify_due()
