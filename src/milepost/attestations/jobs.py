"""What the background does for attestations."""

from django.utils.translation import gettext_lazy as _

from milepost.attestations import attesting
from milepost.attestations.models import Attestation
from milepost.core.jobs import job


@job(queue="builds", title=_("Make an attestation"), limit=3600)
def make(organisation_id: int, attestation_id: int) -> None:
    """Make it, unless it is made."""
    waiting = Attestation.objects.filter(organisation_id=organisation_id, pk=attestation_id, made_at=None)
    for attestation in waiting.select_related("organisation", "asked_by", "replaces"):
        attesting.make(attestation)
