"""The verbs of signature requests: ask, sign, decline, pass on, remind, withdraw. Each writes its entry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from milepost.core import blobs, clock
from milepost.core.canonical import canonical_json, fingerprint
from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.documents.composing import ensure_file, make_file
from milepost.documents.facts import (
    DOCUMENT_COMPLETED,
    DOCUMENT_DECLINED,
    DOCUMENT_DELEGATED,
    DOCUMENT_EXPIRED,
    DOCUMENT_IDENTIFIED,
    DOCUMENT_REQUESTED,
    DOCUMENT_SIGNED,
    DOCUMENT_VIEWED,
    DOCUMENT_WITHDREW,
)
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.documents.signatures import Signature
from milepost.journal import keys
from milepost.journal.recording import SYSTEM, Fact, record, record_many
from milepost.journal.vocabulary import FactType
from milepost.notices.outbox import Outside, Said, notify_many
from milepost.people.models import Member

MAX_SIGNATORIES = 20
Status, State = SignatureRequest.Status, Signatory.State


class RequestRefused(Refused):
    """Nobody can ask or sign now; the message says why and what to do."""


@dataclass(frozen=True)
class Party:
    """Somebody who is to sign."""

    name: str
    email: str
    capacity: str = ""
    member: Member | None = None


@dataclass(frozen=True)
class Terms:
    """How a document is to be signed."""

    is_ordered: bool = False
    needs_code: bool = False
    message: str = ""
    copies: Sequence[str] = ()
    expires_on: date | None = None
    remind_days: int = 3


def request_signatures(*, document: Document, parties: Sequence[Party], terms: Terms, by: Member) -> SignatureRequest:
    """Ask these people to sign the document; from now on it does not change. Raises `RequestRefused`. Records `requested`."""
    checked = _checked(parties, terms)
    digest = make_file(document, [party.capacity or party.name for party in checked])
    with transaction.atomic():
        locked = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        if SignatureRequest.objects.filter(document=locked).exists():
            raise RequestRefused(
                _("Signatures were asked for already. Withdraw that request, and make a new document.")
            )
        request = _request(locked, terms, by)
        request.save()
        Signatory.objects.bulk_create(_signatories(request, checked))
        locked.pdf = document.pdf = digest
        locked.save(update_fields=["pdf"])
        record_many([_requested(request, locked, checked, by)], organisation=locked.organisation)
    return request


def request_many(*, pairs: Sequence[tuple[Document, Sequence[Party]]], terms: Terms, by: Member) -> int:
    """Ask for the signatures of many documents, each from its own people, in a few statements. Return how many.

    Their files and mails follow in the background. Raises `RequestRefused` when one of them can't be asked for, and then
    asks for none. Records `requested` for each.
    """
    checked = [(document, _checked(parties, terms)) for document, parties in pairs]
    with transaction.atomic():
        requests = SignatureRequest.objects.bulk_create(
            [_request(document, terms, by) for document, _parties in checked]
        )
        told = list(zip(requests, checked, strict=True))
        Signatory.objects.bulk_create(
            who for request, (_document, parties) in told for who in _signatories(request, parties)
        )
        facts = (_requested(request, document, parties, by) for request, (document, parties) in told)
        record_many(facts, organisation=by.organisation)
        named("documents.make_file").enqueue_many(
            (document.organisation_id, document.pk) for document, _parties in checked
        )
    return len(requests)


def _request(document: Document, terms: Terms, by: Member) -> SignatureRequest:
    return SignatureRequest(
        organisation_id=document.organisation_id, document=document, is_ordered=terms.is_ordered,
        needs_code=terms.needs_code, message=terms.message[:2000], copies=list(terms.copies), expires_on=terms.expires_on,
        remind_days=terms.remind_days, created_by=by,
    )  # fmt: skip


def _signatories(request: SignatureRequest, parties: Sequence[Party]) -> list[Signatory]:
    return [
        Signatory(
            organisation_id=request.organisation_id, request=request, position=number, member=party.member,
            name=party.name, email=party.email, capacity=party.capacity,
        )
        for number, party in enumerate(parties)
    ]  # fmt: skip


def _requested(request: SignatureRequest, document: Document, parties: Sequence[Party], by: Member) -> Fact:
    result: dict[str, Any] = {"parties": [{"name": party.name, "capacity": party.capacity} for party in parties]}
    if document.annexes:
        result["annexes"] = [annex["digest"] for annex in document.annexes]
    return Fact(DOCUMENT_REQUESTED, by.as_reference(), document.as_reference(), result, {"request": str(request.uid)})


def _checked(parties: Sequence[Party], terms: Terms) -> list[Party]:
    if not parties:
        raise RequestRefused(_("Say who signs."))
    if len(parties) > MAX_SIGNATORIES:
        raise RequestRefused(_("At most %(count)d people sign one document.") % {"count": MAX_SIGNATORIES})
    checked = []
    for number, party in enumerate(parties, start=1):
        name, email = " ".join(party.name.split())[:200], party.email.strip().lower()
        if not name:
            raise RequestRefused(_("Person %(number)d has no name.") % {"number": number})
        _check_email(email)
        checked.append(Party(name, email, party.capacity.strip()[:160], party.member))
    for email in terms.copies:
        _check_email(email)
    if terms.expires_on and terms.expires_on < clock.today():
        raise RequestRefused(_("The last day is over already."))
    return checked


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise RequestRefused(_("“%(email)s” is not an e-mail address.") % {"email": email[:80]}) from error


# --- Signing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """What somebody did on their page: their signature, the values of their places, and from where."""

    signature: Signature
    values: Mapping[str, str] = field(default_factory=dict)  # by the number of the place
    address: str = ""
    agent: str = ""

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
    reasons = {
        Status.WITHDRAWN: _("Whoever sent this has withdrawn it."),
        Status.DECLINED: _("Somebody has declined to sign, so nobody signs any more."),
        Status.EXPIRED: _("The last day to sign was %(day)s. Ask whoever sent it for a new one.")
        % {"day": date_format(request.expires_on, "DATE_FORMAT") if request.expires_on else ""},
        Status.COMPLETED: _("Everybody has signed already."),
    }
    if not request.is_open:
        return reasons[Status(request.status)]
    if request.is_late(clock.today()):
        return reasons[Status.EXPIRED]
    if request.is_ordered and _earlier_waits(signatory):
        return _("It is not your turn yet: somebody signs before you. You get a mail when it is.")
    return ""


def _earlier_waits(signatory: Signatory) -> bool:
    waiting = Signatory.objects.filter(request_id=signatory.request_id, state=State.WAITING)
    return waiting.filter(position__lt=signatory.position).exists()


def sign(*, signatory: Signatory, act: Act) -> Signatory:
    """Put the person's signature into the document and seal it. Raises `RequestRefused`. Records `signed`.

    The last signature completes the request (`completed`). Of two who sign at once, the second is put on top of the
    first; nobody's signature is lost.
    """
    values = _values(signatory, act)
    for _again in range(10):
        current = Signatory.objects.select_related("request__document__organisation", "member").get(pk=signatory.pk)
        if problem := may_act(current) or _not_identified(current):
            raise RequestRefused(problem)
        if signed := _signed(current, act, values):
            return signed
    raise RequestRefused(_("Many people sign at this moment. Try once more."))


def _signed(signatory: Signatory, act: Act, values: dict[str, str]) -> Signatory | None:
    """None when somebody else signed in the meantime: the document has changed under the pen."""
    from milepost.documents.stamping import Stamp, sign_in

    request, document = signatory.request, signatory.request.document
    ensure_file(document)
    before, now = document.pdf, clock.now()
    with translation.override(document.language):
        stamp = Stamp(
            signatory.position, act.signature, _lines(signatory, act, now, before), values, document.language,
            alt=_("Signature of %(name)s") % {"name": signatory.name},
        )  # fmt: skip
        reason = _("Signed by %(name)s, %(email)s") % {"name": signatory.name, "email": signatory.email}
    content = sign_in(
        blobs.read(document.organisation.uid, before), stamp, places=document.places,
        key=keys.current_key(document.organisation_id), time=now.replace(microsecond=0), reason=reason,
    )  # fmt: skip
    after = blobs.store(document.organisation.uid, content)
    with transaction.atomic():
        if not Document.objects.filter(pk=document.pk, pdf=before).update(pdf=after):
            return None
        done = Signatory.objects.filter(pk=signatory.pk, state=State.WAITING, request__status=Status.SENT).update(
            state=State.SIGNED, signed_at=now, signature=act.signature.as_json(), values=values, address=act.address,
            agent=act.agent[:400], context_fingerprint=act.context_fingerprint,
        )  # fmt: skip
        if not done:
            transaction.set_rollback(True)
            return None
        document.pdf = after
        record(DOCUMENT_SIGNED, organisation=document.organisation, actor=signatory.as_reference(),
               object=document.as_reference(), result=_told(signatory, act, before, after),
               context={"request": str(request.uid), "circumstances_sha256": act.context_fingerprint})  # fmt: skip
        if not Signatory.objects.filter(request=request, state=State.WAITING).exists():
            _end(request, Status.COMPLETED)
            record(DOCUMENT_COMPLETED, organisation=document.organisation, actor=SYSTEM, object=document.as_reference(),
                   result={"sha256": after}, context={"request": str(request.uid)})  # fmt: skip
    signatory.refresh_from_db()
    return signatory


def _told(signatory: Signatory, act: Act, before: str, after: str) -> dict[str, Any]:
    return {
        "meaning": meaning(signatory), "name": signatory.name, "capacity": signatory.capacity,
        "identified": "link+code" if signatory.identified_at else "link", "signature_sha256": act.signature.fingerprint,
        "document_sha256": before, "sha256": after,
    }  # fmt: skip


def meaning(signatory: Signatory) -> str:
    """The sentence that the person signs."""
    words = {"title": signatory.request.document.title, "capacity": signatory.capacity}
    if signatory.capacity:
        return _("I have read “%(title)s” and sign it, %(capacity)s.") % words
    return _("I have read “%(title)s” and sign it.") % words


def _lines(signatory: Signatory, act: Act, now: Any, before: str) -> list[str]:
    """The audit trail that stands beside the signature."""
    zone = signatory.request.document.organisation.time_zone
    from zoneinfo import ZoneInfo

    local = now.astimezone(ZoneInfo(zone))
    identified = (
        _("by a personal link to %(email)s and a one-time code")
        if signatory.identified_at
        else _("by a personal link to %(email)s")
    )
    return [
        signatory.name,
        meaning(signatory),
        _("%(day)s, %(time)s (%(zone)s)") % {"day": date_format(local, "DATE_FORMAT"), "time": f"{local:%H:%M:%S}", "zone": zone},
        _("Identified %(how)s") % {"how": identified % {"email": signatory.email}},
        _("Document %(document)s, signature %(signature)s, context %(context)s")
        % {"document": before[:16], "signature": act.signature.fingerprint[:16], "context": act.context_fingerprint[:16]},
    ]  # fmt: skip


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


def _end(request: SignatureRequest, status: str, reason: str = "") -> bool:
    """End the request, and tell everybody concerned; whether it was still open."""
    ended = SignatureRequest.objects.filter(pk=request.pk, status=Status.SENT).update(
        status=status, ended_at=clock.now(), end_reason=reason
    )
    if ended:
        document = request.document
        about, language = document.as_reference(), document.language
        told = (Said(to, about, str(request.uid), language=language) for to in _concerned(request, status))
        notify_many("signature_end", told)
    return bool(ended)


def _concerned(request: SignatureRequest, status: str) -> Iterable[Member | Outside]:
    """Who hears of the end: the signed file goes to all and to those in copy, a refusal to the sender."""
    by, organisation = request.created_by, request.document.organisation
    sender: dict[str, Member | Outside] = {by.email: by} if by and by.email else {}
    copies = {email.lower(): Outside(organisation, email) for email in request.copies}
    asked = request.signatories.filter(Q(state=State.SIGNED) | Q(asked_at__isnull=False)).select_related("member")
    signed = {who.email: recipient(who) for who in asked}
    return {
        Status.COMPLETED: signed | copies | sender, Status.WITHDRAWN: signed,
        Status.DECLINED: sender, Status.EXPIRED: sender,
    }[Status(status)].values()  # fmt: skip


def recipient(signatory: Signatory) -> Member | Outside:
    """How the person is told: as the member that they are, or at the address that was given for them."""
    member = signatory.member
    if member is not None and member.email == signatory.email:
        return member
    return Outside(signatory.request.document.organisation, signatory.email, signatory.name)


# --- One-time codes ---------------------------------------------------------------------------------------


def identify(*, signatory: Signatory, code: str) -> None:
    """Take the one-time code. Raises `RequestRefused`; after five wrong ones a new code is needed. Records `identified`."""
    with transaction.atomic():
        locked = Signatory.objects.select_for_update(of=("self",)).get(pk=signatory.pk)
        problem = locked.take_code(code)
        if not problem:
            locked.identified_at = clock.now()
            locked.save(update_fields=["identified_at"])
            document = Document.objects.get(request=locked.request_id)
            record(DOCUMENT_IDENTIFIED, organisation=locked.organisation, actor=locked.as_reference(),
                   object=document.as_reference(), context={"request": str(locked.request.uid), "channel": "e-mail"})  # fmt: skip
    if problem:
        raise RequestRefused(problem)


def _not_identified(signatory: Signatory) -> str:
    if signatory.request.needs_code and signatory.identified_at is None:
        return _("Type the one-time code first.")
    return ""


# --- Not signing ------------------------------------------------------------------------------------------


def decline(*, signatory: Signatory, reason: str, address: str = "") -> None:
    """Say no, and why; the request ends for everybody. Raises `RequestRefused`. Records `declined`."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise RequestRefused(_("Say why: whoever sent it reads it."))
    if problem := may_act(signatory):
        raise RequestRefused(problem)
    with transaction.atomic():
        if not _end(signatory.request, Status.DECLINED, reason):
            raise RequestRefused(_("It is over already."))
        Signatory.objects.filter(pk=signatory.pk).update(state=State.DECLINED, reason=reason, address=address)
        _record(DOCUMENT_DECLINED, signatory, {"reason": reason})


def delegate(*, signatory: Signatory, to: Party) -> Signatory:
    """Let somebody else sign in one's place. Raises `RequestRefused`. Records `delegated`."""
    [checked] = _checked([to], Terms())
    if problem := may_act(signatory):
        raise RequestRefused(problem)
    if checked.email == signatory.email:
        raise RequestRefused(_("That is your own address."))
    with transaction.atomic():
        if not Signatory.objects.filter(pk=signatory.pk, state=State.WAITING).update(state=State.DELEGATED):
            raise RequestRefused(_("It is over already."))
        new = Signatory.objects.create(
            organisation_id=signatory.organisation_id, request=signatory.request, position=signatory.position,
            name=checked.name, email=checked.email, capacity=signatory.capacity, delegated_by=signatory,
        )  # fmt: skip
        _record(DOCUMENT_DELEGATED, signatory, {"to": new.name})
    return new


def withdraw(*, request: SignatureRequest, reason: str, by: Member) -> None:
    """Take the request back; nobody signs any more. Raises `RequestRefused`. Records `withdrew`."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise RequestRefused(_("Say why: those who were asked read it."))
    with transaction.atomic():
        if not _end(request, Status.WITHDRAWN, reason):
            raise RequestRefused(_("It is over already."))
        record(DOCUMENT_WITHDREW, organisation=request.organisation, actor=by.as_reference(),
               object=request.document.as_reference(), result={"reason": reason}, context={"request": str(request.uid)})  # fmt: skip


def expire_late() -> int:
    """End what waits beyond its last day, in all organisations; return how many. Records `expired`."""
    count = 0
    late = SignatureRequest.objects.open().filter(expires_on__lt=clock.today()).select_related("document")
    for request in late.order_by("pk")[:500]:
        with transaction.atomic():
            if _end(request, Status.EXPIRED):
                record(DOCUMENT_EXPIRED, organisation=request.organisation, actor=SYSTEM,
                       object=request.document.as_reference(), context={"request": str(request.uid)})  # fmt: skip
                count += 1
    return count


def open_document(signatory: Signatory) -> None:
    """Note that the person has looked at it, the first time. Records `viewed`."""
    if signatory.opened_at:
        return
    with transaction.atomic():
        if Signatory.objects.filter(pk=signatory.pk, opened_at=None).update(opened_at=clock.now()):
            _record(DOCUMENT_VIEWED, signatory, {})


def _record(fact_type: FactType, signatory: Signatory, result: dict[str, Any]) -> None:
    request = signatory.request
    record(fact_type, organisation=signatory.organisation, actor=signatory.as_reference(),
           object=request.document.as_reference(), result=result, context={"request": str(request.uid)})  # fmt: skip
