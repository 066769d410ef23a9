"""Races for one document: its last signature against whatever ends the request."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from milepost.documents import signing as signing_documents
from milepost.documents.composing import compose
from milepost.documents.declining import decline, delegate
from milepost.documents.ending import withdraw
from milepost.documents.kinds import KINDS
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signing import Act as DocumentAct
from milepost.documents.signing import sign as sign_document
from milepost.journal.models import Entry
from milepost.people.models import Member
from tests.racing import Pair, Race, house, no_fault
from tests.stories import DRAWN, VALUES

SIGNATURE = DocumentAct(DRAWN)


def _document(world: Any) -> list[Signatory]:
    organisation, lead, _members = world
    document = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    parties = [Party("Anna", "anna@one.example", "for us"), Party("Otto", "otto@two.example", "for the client")]
    request_signatures(document=document, parties=parties, terms=Terms(), by=lead)
    rows = Signatory.objects.filter(request__document=document).order_by("pk")
    return list(rows.select_related("request__document__organisation", "member"))


def _sign_and(other: Callable[[Signatory, Member], object]) -> Callable[[Any], Pair]:
    """The last signature is put under the document while somebody else ends the request, or passes the signature on."""

    def pair(world: Any) -> Pair:
        anna, otto = _document(world)
        sign_document(signatory=anna, act=SIGNATURE)
        # Both go when the file with the second signature is there, and nothing of it is in the database.
        sealed, ready = signing_documents._sealed, threading.Barrier(2)

        def sealed_and_ready(*args: Any) -> str:
            digest = sealed(*args)
            if ready.n_waiting:
                ready.wait(20)
            return digest

        def sign_it() -> None:
            signing_documents._sealed = sealed_and_ready
            try:
                sign_document(signatory=otto, act=SIGNATURE)
            finally:
                signing_documents._sealed = sealed

        def act_meanwhile() -> None:
            ready.wait(20)
            other(Signatory.objects.select_related("request__document", "member").get(pk=otto.pk), world[1])

        def count(answers: list[str]) -> None:
            no_fault(answers)
            assert answers.count("done") == 1, answers
            _ended_once(otto.request)

        return [sign_it, act_meanwhile], count

    return pair


def _ended_once(request: SignatureRequest) -> None:
    told = Counter(Entry.objects.filter(object_id=str(request.document.uid)).values_list("verb", flat=True))
    request.refresh_from_db()
    ends = {"completed": "completed", "withdrawn": "withdrew", "declined": "declined"}
    assert {verb: told[verb] for verb in ends.values() if told[verb]} == (
        {} if request.is_open else {ends[request.status]: 1}
    )
    assert told["signed"] == request.signatories.filter(state="signed").count(), dict(told)


RACES = {
    "signing and withdrawing a document": Race(
        house, _sign_and(lambda who, by: withdraw(request=who.request, reason="Wrong", by=by))
    ),
    "signing and declining a document": Race(house, _sign_and(lambda who, by: decline(signatory=who, reason="No"))),
    "signing and passing a document on": Race(
        house, _sign_and(lambda who, by: delegate(signatory=who, to=Party("Eve", "eve@three.example")))
    ),
}
