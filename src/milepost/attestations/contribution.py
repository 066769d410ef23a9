"""What this room holds of people: the lists. A PDF names nobody, and stays."""

from milepost.attestations.models import Attestation
from milepost.core import blobs
from milepost.people.contributions import Contribution
from milepost.people.models import Member


class AttestationsContribution(Contribution):
    """Lists are the organisation's; one with somebody in it goes when they are erased, and the PDF holds without it."""

    def erase(self, member: Member) -> None:
        uid = str(member.uid).encode()
        with_list = Attestation.objects.filter(organisation=member.organisation_id).exclude(annex="")
        for attestation in with_list.select_related("organisation"):
            if uid in blobs.read(attestation.organisation.uid, attestation.annex):
                Attestation.objects.filter(pk=attestation.pk).update(annex="")
