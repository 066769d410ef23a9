"""Letting somebody else sign in one's place: who was asked proposes them, and whoever sent the document agrees or not.

Until then nobody else is written to, and the place stays theirs: they may still sign, decline, or propose somebody else.
"""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.documents.ending import record_act
from milepost.documents.facts import DOCUMENT_DELEGATED, DOCUMENT_DELEGATION_PROPOSED, DOCUMENT_DELEGATION_REFUSED
from milepost.documents.identifying import refuse_unless_identified
from milepost.documents.links import recipient
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.requesting import Party, RequestRefused, Terms, check_parties
from milepost.documents.signing import may_act
from milepost.journal.recording import Reference, record
from milepost.journal.vocabulary import FactType
from milepost.notices.outbox import notify
from milepost.people.models import Member

State = Signatory.State
MOST = 2  # times that one place is passed on


class ProposalChanged(RequestRefused):
    """Whoever sent it answers to a proposal that is not there any more."""

    sentence = gettext_lazy("This proposal is not there any more, or it is another one now. Look at it once more.")


def propose_delegate(*, signatory: Signatory, to: Party, is_identified: bool = False) -> None:
    """Ask whoever sent the document to let `to` sign instead; a proposal that was made before counts no more, the same one twice
    is the same as once.

    Raises `RequestRefused`, `NotIdentified`. Records `proposed`.
    """
    refuse_unless_identified(signatory, is_identified)
    [checked] = check_parties([to], Terms())
    if problem := may_act(signatory):
        raise RequestRefused(problem)
    if checked.email == signatory.email:
        raise RequestRefused(_("That is your own address."))
    with transaction.atomic():
        request = SignatureRequest.locked(signatory.request_id)
        _refuse_a_third(signatory)
        waiting = Signatory.objects.filter(pk=signatory.pk, state=State.WAITING)
        if waiting.filter(proposed_name=checked.name, proposed_email=checked.email).exists():
            return
        proposed = {"proposed_name": checked.name, "proposed_email": checked.email}
        if not (request.is_open and waiting.update(**proposed)):
            raise RequestRefused(_("It is over already."))
        record_act(DOCUMENT_DELEGATION_PROPOSED, signatory, {"to": checked.name})
        if sender := request.created_by:
            notify("delegation", to=sender, about=_about(signatory), key=_key(signatory))


def confirm_delegation(*, signatory: Signatory, to: Party, by: Member) -> Signatory:
    """Agree that `to`, whom the signatory proposed, signs instead; return the new signatory, who is asked in the background.

    Raises `RequestRefused`. Records `delegated`.
    """
    with transaction.atomic():
        row = _proposing(signatory, to)
        _refuse_a_third(row)
        row.state, row.proposed_name, row.proposed_email = State.DELEGATED, "", ""
        row.save(update_fields=["state", "proposed_name", "proposed_email"])
        new = Signatory.objects.create(
            organisation_id=row.organisation_id,
            request_id=row.request_id,
            position=row.position,
            name=to.name,
            email=to.email,
            capacity=row.capacity,
            delegated_by=row,
        )
        _record(DOCUMENT_DELEGATED, row, to, by)
    return new


def refuse_delegation(*, signatory: Signatory, to: Party, by: Member) -> None:
    """Have the signatory sign themselves; they are told. Raises `RequestRefused`. Records `refused`."""
    with transaction.atomic():
        row = _proposing(signatory, to)
        row.proposed_name = row.proposed_email = ""
        row.save(update_fields=["proposed_name", "proposed_email"])
        _record(DOCUMENT_DELEGATION_REFUSED, row, to, by)
        notify("delegation_refused", to=recipient(row), about=_about(row), key=_key(row))


def _proposing(signatory: Signatory, to: Party) -> Signatory:
    """The signatory as they are now, the request held; they still propose what was looked at, and it is not over."""
    request = SignatureRequest.locked(signatory.request_id)
    row = Signatory.objects.select_related("request__document__organisation", "member").get(pk=signatory.pk)
    if not request.is_open:
        raise RequestRefused(_("It is over already."))
    if not row.proposed_email or (row.proposed_name, row.proposed_email) != (to.name, to.email):
        raise ProposalChanged
    return row


def _refuse_a_third(signatory: Signatory) -> None:
    if not may_propose(signatory):
        raise RequestRefused(
            _("This has been passed on twice already. Sign it, decline it, or write to whoever sent it.")
        )


def may_propose(signatory: Signatory) -> bool:
    """Whether the place may be passed on once more: each time leaves a row more in it. A verb asks with the request held."""
    place = Signatory.objects.filter(request_id=signatory.request_id, position=signatory.position)
    return place.count() <= MOST


def _about(signatory: Signatory) -> Reference:
    return Reference("signatory", str(signatory.uid), signatory.name)


def _key(signatory: Signatory) -> str:
    return f"{signatory.uid}:{clock.now().isoformat()}"


def _record(fact_type: FactType, signatory: Signatory, to: Party, by: Member) -> None:
    request = signatory.request
    record(
        fact_type,
        organisation=signatory.organisation,
        actor=by.as_reference(),
        object=request.document.as_reference(),
        result={"to": to.name, "instead_of": signatory.name},
        context={"request": str(request.uid)},
    )
