"""What the background does for certificates: their files."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import job
from milepost.credentials import typesetting
from milepost.credentials.models import Certificate


@job(queue="files", title=_("Make the file of a certificate"))
def typeset(organisation_id: int, certificate_id: int) -> None:
    """Make it unless it is there."""
    waiting = Certificate.objects.untypeset().select_related("organisation", "enrolment__member")
    for certificate in waiting.filter(organisation_id=organisation_id, pk=certificate_id):
        typesetting.typeset([certificate])


@job(queue="files")
def find_untypeset() -> None:
    """Find the certificates whose file is still to be made, whatever became of the job that was to make it."""
    typeset.enqueue_many(Certificate.objects.untypeset().values_list("organisation_id", "pk"))
