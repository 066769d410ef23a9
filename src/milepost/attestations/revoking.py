"""Revoking an attestation: it stays readable, and says that it counts no more."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from milepost.attestations.facts import ATTESTATION_REVOKED
from milepost.attestations.models import Attestation
from milepost.core import clock
from milepost.core.irrevocable import irrevocable
from milepost.core.refusals import Refused
from milepost.journal.recording import record
from milepost.people.models import Member


class NotValid(Refused):
    """It counts no more already, or is not made yet."""

    sentence = _("This attestation does not count any more, or is not made yet.")


class NoReason(Refused):
    """Nothing is revoked without a reason."""

    sentence = _("Say why.")
    status = 422


@irrevocable
def revoke(*, attestation: Attestation, by: Member, reason: str) -> None:
    """Say that it counts no more. Raises `NoReason`, `NotValid`. Records `revoked`."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise NoReason
    with transaction.atomic():
        row = Attestation.objects.select_for_update(of=("self",), no_key=True).get(pk=attestation.pk)
        if row.made_at is None or row.revoked_at or row.superseded_at:
            raise NotValid
        row.revoked_at, row.revocation_reason = clock.now(), reason
        row.save(update_fields=["revoked_at", "revocation_reason"])
        record(
            ATTESTATION_REVOKED,
            organisation=attestation.organisation,
            actor=by.as_reference(),
            object=row.as_reference(),
            result={"reason": reason},
        )
