"""The mails of signature requests. Each follows from the state of a row, so a worker that is killed forgets none."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from milepost.core import blobs, clock, links
from milepost.core.mails import compose, send_claimed
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.requesting import expire_late

BATCH = 25
State, Status = Signatory.State, SignatureRequest.Status


def link_of(signatory: Signatory) -> str:
    """The personal link with which somebody reads and signs."""
    return settings.BASE_URL + reverse("signatory", args=[links.token("document", signatory.uid)])


def mail_due() -> int:
    """Ask, remind, and bring the signed document to all, in all organisations; return how many mails went out."""
    expire_late()
    return _ask() + _remind() + _tell_ends()


def _to_act() -> "QuerySet[Signatory]":
    """Those whose turn it is."""
    earlier = Signatory.objects.filter(
        request=OuterRef("request"), state=State.WAITING, position__lt=OuterRef("position")
    )
    waiting = Signatory.objects.filter(state=State.WAITING, request__status=Status.SENT).exclude(
        request__document__pdf=""
    )
    return waiting.filter(Q(request__is_ordered=False) | ~Exists(earlier))


def _ask() -> int:
    return _mail(_to_act().filter(asked_at=None), "asked_at", is_reminder=False)


def _remind() -> int:
    """Every so many days, counted from the last mail; a request with 0 days reminds nobody."""
    now, count = clock.now(), 0
    days = SignatureRequest.objects.open().filter(remind_days__gt=0).values_list("remind_days", flat=True).distinct()
    for number in days.order_by():
        since = now - timedelta(days=number)
        due = _to_act().filter(request__remind_days=number, asked_at__lte=since)
        Signatory.objects.filter(pk__in=due.filter(reminded_at__lte=since).values("pk")).update(reminded_at=None)
        count += _mail(due.filter(reminded_at=None), "reminded_at", is_reminder=True)
    return count


def remind_now(request: SignatureRequest) -> int:
    """Remind those whose turn it is, now; return how many mails went out."""
    due = _to_act().filter(request=request, asked_at__isnull=False)
    Signatory.objects.filter(pk__in=due.values("pk")).update(reminded_at=None)
    return _mail(due.filter(reminded_at=None), "reminded_at", is_reminder=True)


def _mail(due: "QuerySet[Signatory]", claim: str, *, is_reminder: bool) -> int:
    count = 0

    def unclaim(unsent: Sequence[Signatory]) -> None:
        Signatory.objects.filter(pk__in=[who.pk for who in unsent]).update(**{claim: None})

    while keys := list(due.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        claimed = [
            key for key in keys if Signatory.objects.filter(pk=key, **{claim: None}).update(**{claim: clock.now()})
        ]
        rows = Signatory.objects.filter(pk__in=claimed).select_related(
            "request__document__organisation", "request__created_by", "member"
        )  # fmt: skip
        count += send_claimed(
            list(rows), compose=lambda who: _request_message(who, is_reminder=is_reminder), unclaim=unclaim
        )
    return count


def _request_message(signatory: Signatory, *, is_reminder: bool) -> EmailMessage:
    request, document = signatory.request, signatory.request.document
    context = {
        "name": signatory.name, "title": document.title, "organisation": document.organisation.name,
        "by": request.created_by.full_name if request.created_by else document.organisation.name,
        "message": request.message, "expires_on": request.expires_on, "link": link_of(signatory), "is_reminder": is_reminder,
    }  # fmt: skip
    return compose("documents/mail/request", context, to=signatory.email, language=language_of(signatory))


def language_of(signatory: Signatory) -> str:
    """The language in which the person is spoken to."""
    return (signatory.member.language if signatory.member else "") or signatory.request.document.language


def _tell_ends() -> int:
    """Bring the outcome to everybody concerned: the signed file to all and to those in copy, a refusal to the sender."""
    count = 0
    while rows := list(_ended()[:BATCH]):
        claimed = [
            row
            for row in rows
            if SignatureRequest.objects.filter(pk=row.pk, end_mailed_at=None).update(end_mailed_at=clock.now())
        ]
        messages = [(request, address) for request in claimed for address in _concerned(request)]
        count += send_claimed(
            messages, compose=_end_message,
            unclaim=lambda unsent: SignatureRequest.objects.filter(pk__in={request.pk for request, _to in unsent}).update(end_mailed_at=None),
        )  # fmt: skip
    return count


def _ended() -> "QuerySet[SignatureRequest]":
    rows = SignatureRequest.objects.filter(end_mailed_at=None, ended_at__isnull=False)
    return rows.select_related("document__organisation", "created_by").order_by("pk")


def _concerned(request: SignatureRequest) -> list[str]:
    sender = [request.created_by.email] if request.created_by and request.created_by.email else []
    signed = list(
        request.signatories.filter(Q(state=State.SIGNED) | Q(asked_at__isnull=False)).values_list("email", flat=True)
    )
    wanted = {
        Status.COMPLETED: [*sender, *request.copies, *signed], Status.WITHDRAWN: signed,
        Status.DECLINED: sender, Status.EXPIRED: sender,
    }[Status(request.status)]  # fmt: skip
    return list(dict.fromkeys(wanted))


def _end_message(told: tuple[SignatureRequest, str]) -> EmailMessage:
    request, address = told
    document = request.document
    who = request.signatories.filter(state=State.DECLINED).first()
    context = {
        "title": document.title, "organisation": document.organisation.name, "status": request.status,
        "reason": request.end_reason, "who": who.name if who else "", "expires_on": request.expires_on,
    }  # fmt: skip
    message = compose("documents/mail/end", context, to=address, language=document.language)
    if request.status == Status.COMPLETED:
        content = blobs.read(document.organisation.uid, document.pdf)
        message.attach(f"{file_name(document.title)}.pdf", content, "application/pdf")
    return message


def file_name(title: str) -> str:
    """A title as the name of a file."""
    return (
        "".join(character if character.isalnum() or character in " -_" else "-" for character in title)[:80].strip()
        or "document"
    )
