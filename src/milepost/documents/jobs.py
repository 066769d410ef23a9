"""What the background does for documents: their files, the stamps on them, and whom to ask and remind."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import NotNow, job
from milepost.documents import composing, provider_seals, reminding, timestamps
from milepost.documents.models import Document
from milepost.journal.remote_keys import breaker
from milepost.journal.timestamping import is_resting


@job(queue="files", title=_("Make the file of a document"), each="document_ids")
def make_files(organisation_id: int, document_ids: list[int]) -> None:
    """Make those that are not there."""
    rows = Document.objects.select_related("organisation").filter(organisation_id=organisation_id, pk__in=document_ids)
    composing.ensure_files(list(rows.order_by("pk")))


@job(queue="files")
def find_fileless() -> None:
    """Find the documents whose file is still to be made, whatever became of the job that was to make it."""
    make_files.enqueue_each(composing.fileless().order_by("pk").values_list("organisation_id", "pk"))


@job(queue="outside", title=_("Have a sealed file dated by the authority"), attempts=None)
def date_file(organisation_id: int, source: str, number: int) -> None:
    """Date it. While the authority rests nobody asks it."""
    if is_resting():
        raise NotNow(settings.TIMESTAMP_REST)
    timestamps.date(source=source, number=number)


@job(queue="outside")
def find_undated() -> None:
    """Find the files that an authority owes a stamp."""
    date_file.enqueue_many(timestamps.owed())


@job(queue="outside", title=_("Have a sealed file sealed by the provider, too"), attempts=None)
def seal_by_provider(organisation_id: int, source: str, number: int) -> None:
    """Ask the provider. While it is in trouble nobody asks it."""
    if pause := breaker().pause:
        raise NotNow(pause)
    provider_seals.seal(source=source, number=number)


@job(queue="outside")
def find_without_provider() -> None:
    """Find the files that a provider owes its seal."""
    seal_by_provider.enqueue_many(provider_seals.owed())


@job(queue="mail")
def notify_signatories() -> None:
    """Ask and remind whoever is due."""
    reminding.notify_due()
