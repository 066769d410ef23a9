"""Closing a half-day: the trainer signs that the list is right, and from then on it changes by correction alone."""

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from milepost.classroom.facts import SLOT_CLOSED
from milepost.classroom.models import LiveSession, Slot, Trainer, is_signed
from milepost.classroom.sheets import ask_for_sheet
from milepost.classroom.signing import Signing, SigningRefused
from milepost.core import clock
from milepost.journal.recording import record


def closing_meaning_of(slot: Slot) -> str:
    """The sentence that the trainer signs."""
    words = {"title": slot.session.title, "day": slot.day, "hours": slot.hours}
    return _("I held this half-day of “%(title)s” on %(day)s, %(hours)s, and the attendance above is right.") % words


def close_slot(*, slot: Slot, trainer: Trainer, signing: Signing) -> Slot:
    """The trainer signs, and the slot is closed. Records `closed`.

    The last slot of a session to be closed asks for its sheet. Raises `SigningRefused`.
    """
    now = clock.now()
    if now < slot.starts_at:
        raise SigningRefused(_("The half-day has not begun yet."))
    with transaction.atomic():
        session = LiveSession.locked(slot.session_id)
        locked = Slot.objects.select_related("session").filter(pk=slot.pk).first()
        if locked is None:
            raise SigningRefused(_("The hours of this session were changed. Load the page again."))
        if session.cancelled_at:
            raise SigningRefused(_("The session is cancelled."))
        if locked.is_closed:
            raise SigningRefused(_("This half-day is closed already."))
        locked.closed_at, locked.closed_by = now, trainer
        locked.closing = {
            "signature": signing.signature.as_json(),
            "meaning": signing.meaning,
            "address": signing.circumstances.address,
            "agent": signing.circumstances.agent,
            "circumstances_sha256": signing.circumstances.fingerprint,
        }
        locked.save(update_fields=["closed_at", "closed_by", "closing"])
        _record(locked, trainer, signing)
        if not locked.session.slots.filter(closed_at=None).exists():
            ask_for_sheet(locked.session)
    return locked


def _record(slot: Slot, trainer: Trainer, signing: Signing) -> None:
    counts = slot.attendances.aggregate(expected=Count("pk"), signed=Count("pk", filter=is_signed()))
    result = {
        "meaning": signing.meaning,
        "name": trainer.name,
        "signature_sha256": signing.signature.fingerprint,
        **counts,
    }
    context = {"session": str(slot.session.uid), "circumstances_sha256": signing.circumstances.fingerprint}
    record(
        SLOT_CLOSED,
        organisation=slot.organisation,
        actor=trainer.as_reference(),
        object=slot.as_reference(),
        result=result,
        context=context,
    )
