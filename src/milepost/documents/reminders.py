"""Asking people for their signatures when it is their turn, and reminding them. Each follows from the state of a row."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from milepost.core import clock
from milepost.documents.ending import expire_late
from milepost.documents.links import recipient
from milepost.documents.models import Signatory, SignatureRequest
from milepost.journal.recording import Reference
from milepost.notices.outbox import Said, notify_many

BATCH = 500
State, Status = Signatory.State, SignatureRequest.Status


def notify_due() -> int:
    """Ask and remind whoever is due, in all organisations; return how many are told. Ends what waited too long."""
    expire_late()
    return _ask() + _remind()


def is_asking() -> bool:
    """Whether anybody is asked for a signature at all."""
    return SignatureRequest.objects.open().exists()


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
    return _tell("signature_request", "asked_at", lambda: _to_act().filter(asked_at=None))


def _remind() -> int:
    """Every so many days, counted from the last message; a request with 0 days reminds nobody."""
    now, count = clock.now(), 0
    days = SignatureRequest.objects.open().filter(remind_days__gt=0).values_list("remind_days", flat=True).distinct()
    for number in days.order_by():
        since = now - timedelta(days=number)
        count += _tell("signature_reminder", "reminded_at", lambda since=since, number=number: _late(number, since))  # type: ignore[misc]
    return count


def _late(days: int, since: object) -> "QuerySet[Signatory]":
    due = _to_act().filter(request__remind_days=days, asked_at__lte=since)
    return due.filter(Q(reminded_at=None) | Q(reminded_at__lte=since))


def remind_now(request: SignatureRequest) -> int:
    """Remind those whose turn it is, now; return how many are told."""
    now = clock.now()
    due = _to_act().filter(request=request, asked_at__isnull=False)
    return _tell("signature_reminder", "reminded_at", lambda: due.filter(Q(reminded_at=None) | Q(reminded_at__lt=now)))


def _tell(kind: str, noted: str, due: "Callable[[], QuerySet[Signatory]]") -> int:
    """Say it to those who are due, and note in the same transaction that it was said."""
    count = 0
    while keys := list(due().order_by("pk").values_list("pk", flat=True)[:BATCH]):
        now = clock.now()
        with transaction.atomic():
            free = due().filter(pk__in=keys).select_related("request__document__organisation", "member__organisation")
            rows = list(free.select_for_update(of=("self",)))
            Signatory.objects.filter(pk__in=[who.pk for who in rows]).update(**{noted: now})
            notify_many(kind, (_said(who, f"{who.uid}:{now:%Y%m%dT%H%M%S.%f}") for who in rows))
        count += len(rows)
    return count


def _said(signatory: Signatory, key: str) -> Said:
    about = Reference("signatory", str(signatory.uid), signatory.name)
    return Said(recipient(signatory), about, key, language=signatory.request.document.language)
