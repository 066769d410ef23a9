"""How a request for signatures is over: signed by all, declined, withdrawn or too late; and who hears of it."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.documents.facts import DOCUMENT_COMPLETED, DOCUMENT_EXPIRED, DOCUMENT_WITHDREW
from milepost.documents.links import recipient
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.documents.requesting import RequestRefused
from milepost.journal.recording import SYSTEM, record
from milepost.journal.vocabulary import FactType
from milepost.notices.outbox import Outside, Said, notify_many
from milepost.people.models import Member

BATCH = 500
Status, State = SignatureRequest.Status, Signatory.State


def withdraw(*, request: SignatureRequest, reason: str, by: Member) -> None:
    """Take the request back; nobody signs any more. Raises `RequestRefused`. Records `withdrew`."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise RequestRefused(_("Say why: those who were asked read it."))
    with transaction.atomic():
        if not end(request, Status.WITHDRAWN, reason):
            raise RequestRefused(_("It is over already."))
        record(
            DOCUMENT_WITHDREW,
            organisation=request.organisation,
            actor=by.as_reference(),
            object=request.document.as_reference(),
            result={"reason": reason},
            context={"request": str(request.uid)},
        )


def expire_late() -> int:
    """End what waits beyond its last day, in all organisations; return how many. Records `expired`."""
    count = 0
    late = SignatureRequest.objects.open().filter(expires_on__lt=clock.today()).select_related("document")
    for request in late.order_by("pk")[:BATCH]:
        with transaction.atomic():
            if end(request, Status.EXPIRED):
                record(
                    DOCUMENT_EXPIRED,
                    organisation=request.organisation,
                    actor=SYSTEM,
                    object=request.document.as_reference(),
                    context={"request": str(request.uid)},
                )
                count += 1
    return count


def complete_if_signed(request: SignatureRequest, document: Document) -> None:
    """End the request once nobody is left to sign; in the transaction of the last signature. Records `completed`."""
    if Signatory.objects.filter(request=request, state=State.WAITING).exists():
        return
    end(request, Status.COMPLETED)
    record(
        DOCUMENT_COMPLETED,
        organisation=document.organisation,
        actor=SYSTEM,
        object=document.as_reference(),
        result={"sha256": document.pdf},
        context={"request": str(request.uid)},
    )


def end(request: SignatureRequest, status: SignatureRequest.Status, reason: str = "") -> bool:
    """End the request, and tell everybody concerned; whether it was still open. Whoever calls records it."""
    ended = SignatureRequest.objects.filter(pk=request.pk, status=Status.SENT).update(
        status=status, ended_at=clock.now(), end_reason=reason
    )
    if ended:
        document = request.document
        about, language = document.as_reference(), document.language
        messages = (Said(to, about, str(request.uid), language=language) for to in _concerned(request, status))
        notify_many("signature_end", messages)
    return bool(ended)


def _concerned(request: SignatureRequest, status: SignatureRequest.Status) -> Iterable[Member | Outside]:
    """Who hears of the end: the signed file goes to all and to those in copy, a refusal to the sender."""
    by, organisation = request.created_by, request.document.organisation
    sender: dict[str, Member | Outside] = {by.email: by} if by and by.email else {}
    if status in (Status.DECLINED, Status.EXPIRED):
        return sender.values()
    rows = request.signatories.filter(Q(state=State.SIGNED) | Q(asked_at__isnull=False)).select_related("member")
    asked = {signatory.email: recipient(signatory) for signatory in rows}
    if status == Status.WITHDRAWN:
        return asked.values()
    copies = {email.lower(): Outside(organisation, email) for email in request.copies}
    return (asked | copies | sender).values()


def record_act(fact_type: FactType, signatory: Signatory, result: dict[str, Any] | None = None) -> None:
    """Record what a signatory did about the document that they were asked to sign."""
    request = signatory.request
    record(
        fact_type,
        organisation=signatory.organisation,
        actor=signatory.as_reference(),
        object=request.document.as_reference(),
        result=result,
        context={"request": str(request.uid)},
    )
