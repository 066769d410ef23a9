"""Races for one document: its last signature against whatever ends the request."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from milepost.core import clock
from milepost.core.codes import TRIES
from milepost.documents import signing as signing_documents
from milepost.documents.composing import compose
from milepost.documents.declining import decline
from milepost.documents.delegating import confirm_delegation, propose_delegate
from milepost.documents.ending import withdraw
from milepost.documents.identifying import identify
from milepost.documents.kinds import KINDS
from milepost.documents.models import LINK_LIVES, Signatory, SignatureRequest
from milepost.documents.renewing import renew_link
from milepost.documents.requesting import Party, RequestRefused, Terms, request_signatures
from milepost.documents.signing import Act as DocumentAct
from milepost.documents.signing import sign as sign_document
from milepost.journal.models import Entry
from milepost.notices.models import Notice
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


EVE, MAUD = Party("Eve", "eve@three.example"), Party("Maud", "maud@four.example")


def _pass_on(who: Signatory, by: Member) -> None:
    propose_delegate(signatory=who, to=EVE)
    confirm_delegation(signatory=who, to=EVE, by=by)


def _passed_on_once(world: Any) -> Signatory:
    """Anna's place, which somebody else has now: it can be passed on once more."""
    anna = _document(world)[0]
    propose_delegate(signatory=anna, to=MAUD)
    maud = confirm_delegation(signatory=anna, to=MAUD, by=world[1])
    maud = Signatory.objects.select_related("request__document__organisation", "member").get(pk=maud.pk)
    propose_delegate(signatory=maud, to=EVE)
    return maud


def _agree_twice(world: Any) -> Pair:
    """The last time that a place may be passed on happens once, and one more person is asked."""
    who = _passed_on_once(world)

    def agree() -> None:
        confirm_delegation(signatory=Signatory.objects.get(pk=who.pk), to=EVE, by=world[1])

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert sorted(answers) == ["ProposalChanged", "done"], answers
        _in_place(who, 3)

    return [agree, agree], count


def _agree_and_propose(world: Any) -> Pair:
    """Whoever agrees, agrees to what they looked at: never to the person who is proposed at the same moment."""
    who = _passed_on_once(world)

    def propose() -> None:
        fresh = Signatory.objects.select_related("request__document__organisation", "request__created_by", "member")
        propose_delegate(signatory=fresh.get(pk=who.pk), to=Party("Mallory", "mallory@five.example"))

    def agree() -> None:
        confirm_delegation(signatory=Signatory.objects.get(pk=who.pk), to=EVE, by=world[1])

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert answers.count("done") == 1, answers
        assert not Signatory.objects.filter(request=who.request_id, name="Mallory").exists()
        _in_place(who, 3 if answers[1] == "done" else 2)

    return [propose, agree], count


def _last_tries(world: Any) -> Pair:
    """Of the tries that a code takes, the last is one, however many arrive at once: the others are not looked at."""
    who = _document(world)[0]
    code = who.new_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _try in range(TRIES - 1):
        with suppress(RequestRefused):
            identify(signatory=who, code=wrong)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        after = Signatory.objects.get(pk=who.pk)
        looked_at = "done" in answers or after.code_tries >= TRIES
        assert looked_at, answers
        assert answers.count("done") <= 1, answers
        try:
            identify(signatory=after, code=code)
        except RequestRefused:
            return
        raise AssertionError("the code was taken after its last try")

    return [lambda: identify(signatory=who, code=wrong), lambda: identify(signatory=who, code=code)], count


def _renew_twice(world: Any) -> Pair:
    """A link that has ended is renewed once, and sent once."""
    who = _document(world)[0]
    Signatory.objects.filter(pk=who.pk).update(asked_at=clock.now() - 2 * LINK_LIVES)

    def renew() -> None:
        renew_link(signatory=Signatory.objects.get(pk=who.pk), by=world[1])

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Notice.objects.filter(kind="signature_link", about_id=str(who.uid)).count() == 1
        assert Entry.objects.filter(object_id=str(who.request.document.uid), verb="renewed").count() == 1

    return [renew, renew], count


def _in_place(who: Signatory, people: int) -> None:
    place = Signatory.objects.filter(request=who.request_id, position=who.position)
    assert place.count() == people
    assert place.filter(state="waiting").count() == 1


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
    "signing and passing a document on": Race(house, _sign_and(_pass_on)),
    "renewing a link to a document twice": Race(house, _renew_twice),
    "two last tries at a one-time code": Race(house, _last_tries),
    "agreeing twice that a document is passed on": Race(house, _agree_twice),
    "agreeing that a document is passed on while another is proposed": Race(house, _agree_and_propose),
}
