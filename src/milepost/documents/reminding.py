"""Asking people for their signatures when it is their turn, and reminding them. Each follows from the state of a row."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from milepost.core import clock
from milepost.core.local_days import before_today
from milepost.documents.ending import expire_late
from milepost.documents.links import recipient
from milepost.documents.models import ERASED_ADDRESS, Signatory, SignatureRequest
from milepost.journal.recording import Reference
from milepost.notices.outbox import Said
from milepost.notices.reminding import tell_due
from milepost.people.models import zone_of

State, Status = Signatory.State, SignatureRequest.Status


def notify_due() -> int:
    """Ask and remind whoever is due, in all organisations; return how many are told. Ends what waited too long."""
    expire_late()
    return _ask() + _remind()


def is_asking() -> bool:
    """Whether anybody is asked for a signature at all."""
    return SignatureRequest.objects.open().exists()


def _to_act() -> "QuerySet[Signatory]":
    """Those whose turn it is, and who can be written to: not those who have left, nor those who are erased."""
    earlier = Signatory.objects.filter(
        request=OuterRef("request"), state=State.WAITING, position__lt=OuterRef("position")
    )
    waiting = Signatory.objects.filter(state=State.WAITING, request__status=Status.SENT).exclude(
        request__document__pdf=""
    )
    has_left = before_today("member__left_on", zone_of("request__organisation"), or_today=True)
    waiting = waiting.exclude(has_left, member__email=F("email")).exclude(email=ERASED_ADDRESS)
    turn = Q(request__is_ordered=False) | ~Exists(earlier)
    return waiting.filter(turn).select_related("request__document__organisation", "member__organisation")


def _ask() -> int:
    return tell_due("signature_request", due=lambda: _to_act().filter(asked_at=None), noted="asked_at", said=_said)


def _remind() -> int:
    """Every so many days, counted from the last message; a request with 0 days reminds nobody."""
    now, count = clock.now(), 0
    days = SignatureRequest.objects.open().filter(remind_days__gt=0).values_list("remind_days", flat=True).distinct()
    for number in days.order_by():
        count += _remind_again(partial(_late, number, now - timedelta(days=number)), person="member")
    return count


def _late(days: int, since: datetime) -> "QuerySet[Signatory]":
    due = _to_act().filter(request__remind_days=days, asked_at__lte=since, proposed_email="")
    return due.filter(Q(reminded_at=None) | Q(reminded_at__lte=since))


def remind_now(request: SignatureRequest) -> int:
    """Remind those whose turn it is, now; return how many are told."""
    now = clock.now()
    due = _to_act().filter(request=request, asked_at__isnull=False, proposed_email="")
    not_now = Q(reminded_at=None) | Q(reminded_at__lt=now)
    return _remind_again(lambda: due.filter(not_now))


def _remind_again(due: "Callable[[], QuerySet[Signatory]]", person: str = "") -> int:
    return tell_due("signature_reminder", due=due, noted="reminded_at", said=_said, person=person)


def _said(signatory: Signatory, stamp: str) -> Said:
    about = Reference("signatory", str(signatory.uid), signatory.name)
    language = signatory.request.document.language
    return Said(recipient(signatory), about, f"{signatory.uid}:{stamp}", language=language)
