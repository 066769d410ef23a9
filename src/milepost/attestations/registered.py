"""What attestations bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.attestations import facts
from milepost.attestations.contribution import AttestationsContribution
from milepost.attestations.models import sealed_attestations
from milepost.attestations.permissions import ATTEST
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.documents import timestamps
from milepost.journal import vocabulary
from milepost.people import permissions
from milepost.people.contributions import contributions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    permissions.register(ATTEST)
    contributions.register("attestations", AttestationsContribution())
    timestamps.register("attestations", sealed_attestations, facts.ATTESTATION_SEALED, made_at="asked_at")
    place = Link(_("Attestations"), "attestations", order=16, permission="see_evidence")
    navigation.links("evidence").register("attestations", place)
