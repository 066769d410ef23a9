"""Not signing what one was asked to sign: saying no, or letting somebody else sign in one's place."""

from django.db import transaction
from django.utils.translation import gettext as _

from milepost.documents.ending import end, record_act
from milepost.documents.facts import DOCUMENT_DECLINED, DOCUMENT_DELEGATED
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.requesting import Party, RequestRefused, Terms, check_parties
from milepost.documents.signing import may_act

Status, State = SignatureRequest.Status, Signatory.State


def decline(*, signatory: Signatory, reason: str, address: str = "") -> None:
    """Say no, and why; the request ends for everybody. Raises `RequestRefused`. Records `declined`."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise RequestRefused(_("Say why: whoever sent it reads it."))
    if problem := may_act(signatory):
        raise RequestRefused(problem)
    with transaction.atomic():
        SignatureRequest.locked(signatory.request_id)
        waiting = Signatory.objects.filter(pk=signatory.pk, state=State.WAITING)
        declined = waiting.update(state=State.DECLINED, reason=reason, address=address)
        if not (declined and end(signatory.request, Status.DECLINED, reason)):
            raise RequestRefused(_("It is over already."))
        record_act(DOCUMENT_DECLINED, signatory, {"reason": reason})


def delegate(*, signatory: Signatory, to: Party) -> Signatory:
    """Let somebody else sign in one's place. Raises `RequestRefused`. Records `delegated`."""
    [checked] = check_parties([to], Terms())
    if problem := may_act(signatory):
        raise RequestRefused(problem)
    if checked.email == signatory.email:
        raise RequestRefused(_("That is your own address."))
    with transaction.atomic():
        request = SignatureRequest.locked(signatory.request_id)
        waiting = Signatory.objects.filter(pk=signatory.pk, state=State.WAITING)
        if not (request.is_open and waiting.update(state=State.DELEGATED)):
            raise RequestRefused(_("It is over already."))
        new = Signatory.objects.create(
            organisation_id=signatory.organisation_id,
            request=signatory.request,
            position=signatory.position,
            name=checked.name,
            email=checked.email,
            capacity=signatory.capacity,
            delegated_by=signatory,
        )
        record_act(DOCUMENT_DELEGATED, signatory, {"to": new.name})
    return new
