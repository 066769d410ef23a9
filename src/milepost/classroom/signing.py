"""Signing an attendance: on one's own phone, or on the trainer's device, which may deliver later.

Nothing that was signed is written over. What is noted beside signatures is in `correcting.py`, the trainer's signature
under a half-day in `closing.py`, and how somebody shows that they may sign in `presence.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.doubts import Look, note_doubts
from milepost.classroom.facts import SLOT_DELIVERED, SLOT_SIGNED
from milepost.classroom.models import Attendance, LiveSession, Slot, Trainer, Way
from milepost.core import clock
from milepost.core.canonical import fingerprint_of
from milepost.core.refusals import Refused
from milepost.core.words import clock_time
from milepost.documents.signatures import Signature
from milepost.journal.recording import Fact, record_many, time_text
from milepost.journal.vocabulary import FactType


class SigningRefused(Refused):
    """Nobody can sign or note this now; the message says why and what to do."""


class AlreadySigned(SigningRefused):
    """There is a signature already."""

    sentence = gettext_lazy("You have signed this half-day already. Nothing is left to do.")


class SlotClosed(SigningRefused):
    """The trainer closed the slot."""

    sentence = gettext_lazy(
        "The trainer has closed this half-day. Whoever was there and did not sign asks the trainer or the training team."
    )


@dataclass(frozen=True)
class Circumstances:
    """From where a signature came: network address, browser, and the place where somebody agreed to tell it."""

    address: str = ""
    agent: str = ""
    location: dict[str, float] | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON: ties the kept context to the journal's entry."""
        return fingerprint_of(self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {"address": self.address, "agent": self.agent, "location": self.location}


@dataclass(frozen=True)
class Signing:
    """A person's signature with how it came to be. `meaning` is the sentence that stood above it."""

    signature: Signature
    way: Way
    meaning: str
    circumstances: Circumstances = field(default_factory=Circumstances)
    device_time: datetime | None = None  # when it was made, where it arrived later
    by_trainer: Trainer | None = None  # on whose device
    devices: tuple[str, ...] = ()  # by what this session knows the browser (`devices.py`), the eldest first
    in_other_account: bool = False  # somebody else is signed in in the browser
    hides_device: bool = False  # the browser brought no number, which the page had given it
    was_handed_on: bool = False  # the code was scanned with another browser
    clock_is_off: bool = False  # of the device that says when it was made


def meaning_of(slot: Slot) -> str:
    """The sentence that a participant signs."""
    words = {"title": slot.session.title, "day": slot.day, "hours": slot.hours}
    return _("I attended “%(title)s” on %(day)s, %(hours)s.") % words


def sign(*, attendance: Attendance, signing: Signing) -> Attendance:
    """Keep the participant's signature, and what is doubtful about it or because of it. Records `signed`, and `doubted` for others.

    Of two devices at once one signs and the other gets `AlreadySigned`. Raises `SlotClosed`, and `SigningRefused`
    before signing opens or for somebody who has no seat any more.
    """
    now = clock.now()
    with transaction.atomic():
        LiveSession.locked(attendance.slot.session_id)
        rows = Attendance.objects.select_related("slot__session", "participant__member", "organisation")
        row = rows.filter(pk=attendance.pk).first()
        if row is None:
            raise SigningRefused(_("You are not on the list of this session any more. Ask the trainer."))
        if row.signed_at:
            raise AlreadySigned
        refuse_unless_open(row.slot, now)
        look = Look(
            row,
            signing.devices,
            now,
            in_other_account=signing.in_other_account,
            hides_device=signing.hides_device,
            was_handed_on=signing.was_handed_on,
            clock_is_off=signing.clock_is_off,
            was_absent=row.absent_at is not None,
        )
        row.signed_at, row.way, row.signature = now, signing.way, signing.signature.as_json()
        row.device, row.ink = (
            next(iter(signing.devices), ""),
            signing.signature.fingerprint if signing.signature.strokes else "",
        )
        row.address, row.agent = signing.circumstances.address, signing.circumstances.agent
        row.location, row.context_fingerprint = signing.circumstances.location, signing.circumstances.fingerprint
        row.device_time, row.absent_at, row.absence_reason, row.attested_at = signing.device_time, None, "", None
        note_doubts(look)
        row.save()
        record_many([_fact(SLOT_SIGNED, row, signing, time=now)], organisation=row.organisation)
    attendance.refresh_from_db()
    return attendance


def refuse_unless_open(slot: Slot, now: datetime) -> None:
    """Say why nobody can sign this half-day now. Raises `SigningRefused`."""
    if now < slot.signing_opens_at:
        start = slot.signing_opens_at.astimezone(slot.session.zone)
        raise SigningRefused(_("Signing opens at %(time)s.") % {"time": clock_time(start)})
    if slot.session.cancelled_at:
        raise SigningRefused(_("The session is cancelled."))
    if slot.is_closed:
        raise SlotClosed


def _fact(fact_type: FactType, attendance: Attendance, signing: Signing, *, time: datetime) -> Fact:
    """That it was signed, at the very time that the attendance keeps."""
    slot, seat = attendance.slot, attendance.participant
    result = {
        "meaning": signing.meaning,
        "name": seat.member.full_name,
        "way": str(signing.way),
        "signature_sha256": signing.signature.fingerprint,
    }
    context: dict[str, Any] = {
        "session": str(slot.session.uid),
        "circumstances_sha256": signing.circumstances.fingerprint,
    }
    if signing.by_trainer:
        context["instructor"] = signing.by_trainer.as_reference().as_json()
    if signing.device_time:
        context["device_time"] = time_text(signing.device_time)
    if fact_type is SLOT_SIGNED and attendance.doubts:
        context["doubts"] = attendance.doubts
    return Fact(fact_type, seat.member.as_reference(), slot.as_reference(), result, context, time)


# --- The trainer's device without a network ---------------------------------------------------------------


def take_offline(*, slot: Slot, signings: Iterable[tuple[str, Signing]]) -> dict[str, str]:
    """Keep signatures that were made on the trainer's device without a network; return what became of each participant.

    A delivery that is repeated changes nothing: `signed` and `already` are both good news. A slot that was closed in
    between refuses (`closed`), and nobody's signature is lost: it is kept, recorded as `delivered`, and a correction can take it.
    """
    outcomes: dict[str, str] = {}
    rows = Attendance.objects.select_related("slot__session", "participant__member").filter(slot=slot)
    for uid, signing in signings:
        attendance = rows.filter(participant__uid=uid).first()
        if attendance is None:
            outcomes[uid] = "unknown"
            continue
        try:
            sign(attendance=attendance, signing=signing)
            outcomes[uid] = "signed"
        except AlreadySigned:
            outcomes[uid] = "already"
        except SlotClosed:
            outcomes[uid] = "closed" if _keep_late(attendance, signing) else "refused"
    return outcomes


def _keep_late(attendance: Attendance, signing: Signing) -> bool:
    """Whether it is kept: nobody signs a half-day more often than `MOST_LATE` times by mistake."""
    late_at = clock.now()
    kept = KeptSignature(
        late_at, signing.way, signing.signature.as_json(), signing.circumstances, DELIVERED_LATE
    ).as_json()
    with transaction.atomic():
        LiveSession.locked(attendance.slot.session_id)
        locked = Attendance.objects.get(pk=attendance.pk)
        late = [earlier for earlier in locked.earlier if earlier["kept_because"] == DELIVERED_LATE]
        if any(earlier["signature"] == kept["signature"] for earlier in locked.earlier):
            return True  # the same delivery again
        if len(late) >= MOST_LATE:
            return False
        locked.earlier = [*locked.earlier, kept]
        locked.save(update_fields=["earlier"])
        fact = _fact(SLOT_DELIVERED, attendance, signing, time=late_at)
        record_many([fact], organisation=attendance.organisation)
    return True


MOST_LATE = 3  # of one person in one half-day
DELIVERED_LATE = "delivered after the closing"
PUT_ASIDE = "put aside by a correction"


@dataclass(frozen=True)
class KeptSignature:
    """A signature that does not count, or not any more, as an attendance keeps it among its `earlier` ones."""

    signed_at: datetime
    way: str
    signature: dict[str, Any]
    circumstances: Circumstances
    because: str  # DELIVERED_LATE or PUT_ASIDE
    doubts: Sequence[dict[str, Any]] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "signed_at": self.signed_at.isoformat(),
            "way": str(self.way),
            "signature": self.signature,
            "circumstances": self.circumstances.as_json(),
            "kept_because": self.because,
        } | ({"doubts": list(self.doubts)} if self.doubts else {})

    @classmethod
    def late_of(cls, attendance: Attendance) -> "KeptSignature | None":
        """The one that the trainer's device delivered after the closing, if there is one."""
        kept = next((kept for kept in attendance.earlier if kept["kept_because"] == DELIVERED_LATE), None)
        if kept is None:
            return None
        signed_at = datetime.fromisoformat(kept["signed_at"])
        return cls(signed_at, kept["way"], kept["signature"], Circumstances(**kept["circumstances"]), DELIVERED_LATE)
