"""Signing a document that one was asked to sign: looking at it, filling in its places, the signature.

Asking is in `requesting`, the one-time code in `identifying`, what is put into the PDF in `signature_fields`. Attendance is signed
in the room `classroom`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.core import blobs, clock
from milepost.core.canonical import canonical_json, fingerprint
from milepost.core.words import clock_time, date_format
from milepost.documents.composing import ensure_files
from milepost.documents.ending import complete_if_signed, record_act
from milepost.documents.facts import DOCUMENT_SIGNED, DOCUMENT_VIEWED
from milepost.documents.identifying import refuse_unless_identified
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.documents.requesting import RequestRefused
from milepost.documents.signatures import Signature
from milepost.journal import keys
from milepost.journal.recording import record

Status, State = SignatureRequest.Status, Signatory.State


@dataclass(frozen=True)
class Act:
    """What somebody did on their page: their signature, the values of their places, and from where."""

    signature: Signature
    values: Mapping[str, str] = field(default_factory=dict)  # by the number of the place
    address: str = ""
    agent: str = ""
    is_identified: bool = False  # by a one-time code, in this browser

    @property
    def context_fingerprint(self) -> str:
        """SHA-256 of the canonical JSON: ties the kept context to the journal's entry."""
        return fingerprint(canonical_json({"address": self.address, "agent": self.agent}))


def may_act(signatory: Signatory) -> str:
    """Why this person can't sign now, in words; empty when they can. `signatory.request` is as the database has it."""
    request = signatory.request
    if signatory.state == State.SIGNED:
        return _("You have signed already. A copy comes by mail once everybody has signed.")
    if signatory.state == State.DELEGATED:
        return _("You have passed this on to somebody else.")
    if signatory.state == State.DECLINED:
        return _("You have declined to sign. Whoever sent it reads why, and nobody signs any more.")
    reasons = {
        Status.WITHDRAWN: _("Whoever sent this has withdrawn it."),
        Status.DECLINED: _("Somebody has declined to sign, so nobody signs any more."),
        Status.EXPIRED: _("The last day to sign was %(day)s. Ask whoever sent it for a new one.")
        % {"day": date_format(request.expires_on, "DATE_FORMAT") if request.expires_on else ""},
        Status.COMPLETED: _("Everybody has signed already."),
    }
    if not request.is_open:
        return reasons[Status(request.status)]
    if request.is_late:
        return reasons[Status.EXPIRED]
    if request.is_ordered and _earlier_waits(signatory):
        return _("It is not your turn yet: somebody signs before you. You get a mail when it is.")
    return ""


def _earlier_waits(signatory: Signatory) -> bool:
    waiting = Signatory.objects.filter(request_id=signatory.request_id, state=State.WAITING)
    return waiting.filter(position__lt=signatory.position).exists()


def sign(*, signatory: Signatory, act: Act) -> Signatory:
    """Put the person's signature into the document and seal it. Raises `RequestRefused`, `NotIdentified`. Records `signed`.

    The last signature completes the request (`completed`). Of two who sign at once, the second is put on top of the
    first; nobody's signature is lost.
    """
    values = _values(signatory, act)
    for _again in range(10):
        current = Signatory.objects.select_related("request__document__organisation", "member").get(pk=signatory.pk)
        refuse_unless_identified(current, act.is_identified)
        if problem := may_act(current):
            raise RequestRefused(problem)
        if signed := _signed(current, act, values):
            return signed
    raise RequestRefused(_("Many people sign at this moment. Try once more."))


def _signed(signatory: Signatory, act: Act, values: dict[str, str]) -> Signatory | None:
    """None when the request is not what it was any more: somebody else signed, and the document has changed under the pen."""
    document = signatory.request.document
    ensure_files([document])
    before, now = document.pdf, clock.now()
    after = _sealed(signatory, act, values, now)
    with transaction.atomic():
        if not SignatureRequest.locked(signatory.request_id).is_open:
            return None
        if not Document.objects.filter(pk=document.pk, pdf=before).update(pdf=after):
            return None
        if not _kept(signatory, act, values, now):
            transaction.set_rollback(True)
            return None
        document.pdf = after
        record(
            DOCUMENT_SIGNED,
            organisation=document.organisation,
            actor=signatory.as_reference(),
            object=document.as_reference(),
            result=_result(signatory, act, before, after),
            context={"request": str(signatory.request.uid), "circumstances_sha256": act.context_fingerprint},
        )
        complete_if_signed(signatory.request, document)
    signatory.refresh_from_db()
    return signatory


def _sealed(signatory: Signatory, act: Act, values: dict[str, str], now: datetime) -> str:
    """The SHA-256 of the document with the signature in it."""
    from milepost.documents.signature_fields import Stamp, sign_in

    document = signatory.request.document
    with translation.override(document.language):
        stamp = Stamp(
            signatory.position,
            act.signature,
            _lines(signatory, act, now, document.pdf),
            values,
            document.language,
            alt=_("Signature of %(name)s") % {"name": signatory.name},
            name=signatory.name,
            reason=_reason(signatory, document.organisation.name),
            contact=signatory.email,
        )
    content = sign_in(
        blobs.read(document.organisation.uid, document.pdf),
        stamp,
        places=document.places,
        key=keys.current_key(document.organisation_id),
        time=now.replace(microsecond=0),
    )
    return blobs.store(document.organisation.uid, content)


def _reason(signatory: Signatory, organisation: str) -> str:
    """Why the file was signed, and how: what the person says, and whose key says that they said it."""
    words = {"name": signatory.name, "meaning": meaning(signatory), "organisation": organisation}
    return _("%(name)s: %(meaning)s Simple electronic signature, sealed by %(organisation)s.") % words


def _kept(signatory: Signatory, act: Act, values: dict[str, str], now: datetime) -> bool:
    """Whether the signature could still be kept: the person had not signed, nor passed it on."""
    waiting = Signatory.objects.filter(pk=signatory.pk, state=State.WAITING)
    kept = waiting.update(
        state=State.SIGNED,
        proposed_name="",
        proposed_email="",
        signed_at=now,
        signature=act.signature.as_json(),
        values=values,
        address=act.address,
        agent=act.agent[:400],
        context_fingerprint=act.context_fingerprint,
    )
    return bool(kept)


def _result(signatory: Signatory, act: Act, before: str, after: str) -> dict[str, Any]:
    return {
        "meaning": meaning(signatory),
        "name": signatory.name,
        "capacity": signatory.capacity,
        "identified": "link+code" if act.is_identified else "link",
        "signature_sha256": act.signature.fingerprint,
        "document_sha256": before,
        "sha256": after,
    }


def meaning(signatory: Signatory) -> str:
    """The sentence that the person signs."""
    words = {"title": signatory.request.document.title, "capacity": signatory.capacity}
    if signatory.capacity:
        return _("I have read “%(title)s” and sign it, %(capacity)s.") % words
    return _("I have read “%(title)s” and sign it.") % words


def _lines(signatory: Signatory, act: Act, now: datetime, before: str) -> list[str]:
    """The audit trail that stands beside the signature."""
    zone = signatory.request.document.organisation.time_zone
    local = now.astimezone(ZoneInfo(zone))
    how = (
        _("by a personal link to %(email)s and a one-time code")
        if act.is_identified
        else _("by a personal link to %(email)s")
    )
    moment = {"day": date_format(local, "DATE_FORMAT"), "time": clock_time(local, to_the_second=True), "zone": zone}
    fingerprints = {
        "document": before[:16],
        "signature": act.signature.fingerprint[:16],
        "context": act.context_fingerprint[:16],
    }
    return [
        signatory.name,
        meaning(signatory),
        _("%(day)s, %(time)s (%(zone)s)") % moment,
        _("Identified %(how)s") % {"how": how % {"email": signatory.email}},
        _("Document %(document)s, signature %(signature)s, context %(context)s") % fingerprints,
    ]


def _values(signatory: Signatory, act: Act) -> dict[str, str]:
    """What stands in the person's places. Raises `RequestRefused` for one that is missing."""
    kept: dict[str, str] = {}
    document = signatory.request.document
    today = date_format(clock.today(document.organisation.time_zone), "SHORT_DATE_FORMAT")
    for number, place in enumerate(document.places):
        if place["signatory"] != signatory.position or place["kind"] == "signature":
            continue
        value = " ".join(str(act.values.get(str(number), "")).split())[:200]
        if place["kind"] == "date":
            value = value or today
        elif place["kind"] == "check":
            value = "✓" if value else ""
        if place["required"] and not value:
            raise RequestRefused(_("Fill in “%(label)s” first.") % {"label": place["label"] or _("the field")})
        kept[str(number)] = value
    return kept


def open_document(signatory: Signatory, *, is_identified: bool = False) -> None:
    """Note that the person has looked at it, the first time. Raises `NotIdentified`. Records `viewed`."""
    refuse_unless_identified(signatory, is_identified)
    if signatory.opened_at:
        return
    with transaction.atomic():
        if Signatory.objects.filter(pk=signatory.pk, opened_at=None).update(opened_at=clock.now()):
            record_act(DOCUMENT_VIEWED, signatory)
