"""What the background does for documents: their files, the stamps on them, and whom to ask and remind."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import NotNow, job
from milepost.documents import composing, reminders, timestamps
from milepost.documents.models import Document
from milepost.journal.timestamping import RESTS, is_resting


@job(queue="files", title=_("Make the file of a document"))
def make_file(organisation_id: int, document_id: int) -> None:
    """Make it unless it is there."""
    rows = Document.objects.select_related("organisation").filter(organisation_id=organisation_id, pk=document_id)
    for document in rows:
        composing.ensure_file(document)


@job(queue="files")
def find_fileless() -> None:
    """Find the documents whose file is still to be made, whatever became of the job that was to make it."""
    make_file.enqueue_many(composing.fileless().values_list("organisation_id", "pk"))


@job(queue="outside", title=_("Have a sealed file dated by the authority"), attempts=None)
def date_file(organisation_id: int, source: str, number: int) -> None:
    """Date it. While the authority rests nobody asks it."""
    if is_resting():
        raise NotNow(RESTS)
    timestamps.date(source=source, number=number)


@job(queue="outside")
def find_undated() -> None:
    """Find the files that an authority owes a stamp."""
    date_file.enqueue_many(timestamps.owed())


@job(queue="mail")
def notify_signatories() -> None:
    """Ask and remind whoever is due."""
    reminders.notify_due()
