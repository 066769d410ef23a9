"""Saying no to what one was asked to sign. Letting somebody else sign instead is in `delegating`."""

from django.db import transaction
from django.utils.translation import gettext as _

from milepost.documents.ending import end, record_act
from milepost.documents.facts import DOCUMENT_DECLINED
from milepost.documents.identifying import refuse_unless_identified
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.requesting import RequestRefused
from milepost.documents.signing import may_act

Status, State = SignatureRequest.Status, Signatory.State


def decline(*, signatory: Signatory, reason: str, address: str = "", is_identified: bool = False) -> None:
    """Say no, and why; the request ends for everybody. Raises `RequestRefused`, `NotIdentified`. Records `declined`."""
    refuse_unless_identified(signatory, is_identified)
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise RequestRefused(_("Say why: whoever sent it reads it."))
    if problem := may_act(signatory):
        raise RequestRefused(problem)
    with transaction.atomic():
        SignatureRequest.locked(signatory.request_id)
        waiting = Signatory.objects.filter(pk=signatory.pk, state=State.WAITING)
        declined = waiting.update(
            state=State.DECLINED, reason=reason, address=address, proposed_name="", proposed_email=""
        )
        if not (declined and end(signatory.request, Status.DECLINED, reason)):
            raise RequestRefused(_("It is over already."))
        record_act(DOCUMENT_DECLINED, signatory, {"reason": reason})
