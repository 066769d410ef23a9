"""How a request for signatures is over: signed by all, declined, withdrawn or too late; and who hears of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.documents.facts import DOCUMENT_COMPLETED, DOCUMENT_EXPIRED, DOCUMENT_WITHDREW
from milepost.documents.links import recipient
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.documents.requesting import RequestRefused
from milepost.journal.recording import SYSTEM, Fact, record, record_many
from milepost.journal.vocabulary import FactType
from milepost.notices.outbox import Outside, Said, notify_many, withdraw_about
from milepost.people.bulk_acts import in_act
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


def withdraw_many(*, keys: Sequence[int], by: Member, act: UUID) -> None:
    """Take back the open ones of these requests, which were sent by `act`; whoever was not asked yet hears nothing.

    A few statements, however many. Records `withdrew` for each.
    """
    with transaction.atomic():
        rows = SignatureRequest.objects.select_for_update(of=("self",), no_key=True).open().filter(pk__in=keys)
        requests = list(rows.select_related("document__organisation").order_by("pk"))
        reasons: dict[str, list[SignatureRequest]] = defaultdict(list)
        for request in requests:
            with translation.override(request.document.language):
                request.end_reason = _("It was taken back for everybody to whom it was sent.")
            reasons[request.end_reason].append(request)
        for reason, ended in reasons.items():
            chosen = SignatureRequest.objects.filter(pk__in=[request.pk for request in ended])
            chosen.update(status=Status.WITHDRAWN, ended_at=clock.now(), end_reason=reason)
        Document.objects.filter(request__in=requests, is_the_one=True).update(is_the_one=False)
        _tell_withdrawn(requests)
        facts = (
            Fact(
                DOCUMENT_WITHDREW,
                by.as_reference(),
                request.document.as_reference(),
                {"reason": request.end_reason},
                {"request": str(request.uid), **in_act(act)},
            )
            for request in requests
        )
        record_many(facts, organisation=by.organisation)


def _tell_withdrawn(requests: Sequence[SignatureRequest]) -> None:
    """Tell those who were asked; to whom the question is still on its way, it is not sent."""
    asked = Signatory.objects.filter(request__in=[request.pk for request in requests], asked_at__isnull=False)
    rows = list(asked.select_related("member__organisation", "request__document__organisation"))
    for organisation in {row.request.document.organisation for row in rows}:
        unsent = withdraw_about("signature_request", organisation, [str(row.uid) for row in rows])
        rows = [row for row in rows if str(row.uid) not in unsent]
    notify_many("signature_end", (_withdrawal(row) for row in rows))


def _withdrawal(signatory: Signatory) -> Said:
    request = signatory.request
    document = request.document
    return Said(recipient(signatory), document.as_reference(), str(request.uid), language=document.language)


def expire_late() -> int:
    """End what waits beyond its last day, in all organisations; return how many. Records `expired`."""
    count = 0
    late = SignatureRequest.objects.late().select_related("document")
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
        if status != Status.COMPLETED:
            Document.objects.filter(pk=document.pk, is_the_one=True).update(is_the_one=False)
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
