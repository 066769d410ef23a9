"""What the background does for certificates: their files."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import job
from milepost.credentials import typesetting
from milepost.credentials.models import Certificate


@job(queue="files", title=_("Make the file of a certificate"), each="certificate_ids")
def typeset(organisation_id: int, certificate_ids: list[int]) -> None:
    """Make those that are not there."""
    waiting = Certificate.objects.untypeset().select_related("organisation", "enrolment__member").order_by("pk")
    typesetting.typeset(list(waiting.filter(organisation_id=organisation_id, pk__in=certificate_ids)))


@job(queue="files")
def find_untypeset() -> None:
    """Find the certificates whose file is still to be made, whatever became of the job that was to make it."""
    typeset.enqueue_each(Certificate.objects.untypeset().order_by("pk").values_list("organisation_id", "pk"))
