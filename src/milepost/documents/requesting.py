"""Asking people to sign a document, of one or of many at once.

What happens then: `reminding` asks whoever's turn it is and reminds them, `signing` and `declining` are what they answer,
`ending` is how the request is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.core.jobs import named
from milepost.core.names import as_seen, refuse_address
from milepost.core.refusals import Refused
from milepost.documents.composing import make_file
from milepost.documents.facts import DOCUMENT_REQUESTED
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.journal.recording import Fact, record_many
from milepost.people.bulk_acts import in_act
from milepost.people.models import Member

MAX_SIGNATORIES = 20
MAX_COPIES = 20  # addresses that get the signed document and sign nothing


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
    checked = check_parties(parties, terms)
    digest = make_file(document, [party.capacity or party.name for party in checked])
    with transaction.atomic():
        locked = Document.objects.select_for_update(of=("self",), no_key=True).get(pk=document.pk)
        if SignatureRequest.objects.filter(document=locked).exists():
            raise RequestRefused(
                _("Signatures were asked for already. Withdraw that request, and make a new document.")
            )
        if locked.is_one_each and not locked.is_the_one:
            raise RequestRefused(_("It was written anew since, or counts no more. Have the newest one signed."))
        if locked.places != document.places:
            raise RequestRefused(
                _("The places of this document have just been changed. Look at them, and send it then.")
            )
        request = _request(locked, terms, by)
        request.save()
        Signatory.objects.bulk_create(_signatories(request, checked))
        locked.pdf = document.pdf = digest
        locked.save(update_fields=["pdf"])
        record_many([_requested(request, locked, checked, by)], organisation=locked.organisation)
    return request


def request_many(
    *, pairs: Sequence[tuple[Document, Sequence[Party]]], terms: Terms, by: Member, act: UUID | None = None
) -> list[SignatureRequest]:
    """Ask for the signatures of many documents, each from its own people, in a few statements. Return the requests, in order.

    Their files and mails follow in the background. Raises `RequestRefused` when one of them can't be asked for, and then
    asks for none. Records `requested` for each.
    """
    checked = [(document, check_parties(parties, terms)) for document, parties in pairs]
    with transaction.atomic():
        requests = SignatureRequest.objects.bulk_create(_request(document, terms, by) for document, _parties in checked)
        asked = [(request, document, parties) for request, (document, parties) in zip(requests, checked, strict=True)]
        Signatory.objects.bulk_create(who for request, _d, parties in asked for who in _signatories(request, parties))
        facts = (_requested(request, document, parties, by, act) for request, document, parties in asked)
        record_many(facts, organisation=by.organisation)
        named("documents.make_files").enqueue_each((row.organisation_id, row.pk) for row, _parties in checked)
    return requests


def _request(document: Document, terms: Terms, by: Member) -> SignatureRequest:
    return SignatureRequest(
        organisation_id=document.organisation_id,
        document=document,
        is_ordered=terms.is_ordered,
        needs_code=terms.needs_code,
        message=terms.message[:2000],
        copies=list(terms.copies),
        expires_on=terms.expires_on,
        remind_days=terms.remind_days,
        created_by=by,
    )


def _signatories(request: SignatureRequest, parties: Sequence[Party]) -> list[Signatory]:
    return [
        Signatory(
            organisation_id=request.organisation_id,
            request=request,
            position=position,
            member=party.member,
            name=party.name,
            email=party.email,
            capacity=party.capacity,
        )
        for position, party in enumerate(parties)
    ]


def _requested(
    request: SignatureRequest, document: Document, parties: Sequence[Party], by: Member, act: UUID | None = None
) -> Fact:
    result: dict[str, Any] = {"parties": [{"name": party.name, "capacity": party.capacity} for party in parties]}
    if document.annexes:
        result["annexes"] = [annex["digest"] for annex in document.annexes]
    context = {"request": str(request.uid), **in_act(act)}
    return Fact(DOCUMENT_REQUESTED, by.as_reference(), document.as_reference(), result, context)


def check_parties(parties: Sequence[Party], terms: Terms) -> list[Party]:
    """The people as they are kept: names and addresses trimmed. Raises `RequestRefused`, `NoName`."""
    if not parties:
        raise RequestRefused(_("Say who signs."))
    if len(parties) > MAX_SIGNATORIES:
        raise RequestRefused(_("At most %(count)d people sign one document.") % {"count": MAX_SIGNATORIES})
    checked = []
    for number, party in enumerate(parties, start=1):
        name, email = as_seen(party.name)[:200], party.email.strip().lower()
        if not name:
            raise RequestRefused(_("Person %(number)d has no name.") % {"number": number})
        if party.member is None:
            refuse_address(name)
        _check_email(email)
        checked.append(Party(name, email, party.capacity.strip()[:160], party.member))
    check_terms(terms)
    return checked


def check_terms(terms: Terms) -> None:
    """Raises `RequestRefused` for terms on which nobody can be asked."""
    if len(terms.copies) > MAX_COPIES:
        raise RequestRefused(_("At most %(count)d people get a copy of one document.") % {"count": MAX_COPIES})
    for email in terms.copies:
        _check_email(email)
    if terms.expires_on and terms.expires_on < clock.today():
        raise RequestRefused(_("The last day is over already."), field="expires_on")


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise RequestRefused(_("“%(email)s” is not an e-mail address.") % {"email": email[:80]}) from error
