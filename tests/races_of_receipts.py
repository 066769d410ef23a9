"""Races of receipts, and of people who are erased meanwhile."""

import io
import zipfile
from datetime import timedelta
from itertools import count as numbers
from typing import Any

from django.db.models import Q

from milepost.core import clock
from milepost.evidence.erasing import erase_person
from milepost.evidence.export import export_person
from milepost.journal.models import Entry
from milepost.journal.verification import verify as verify_journal
from milepost.learning.enrolling import enrol
from milepost.learning.equivalences import take_back
from milepost.learning.models import Enrolment, Equivalence
from milepost.learning.progressing import complete_activity
from milepost.notices.models import Notice
from milepost.people.models import Member
from milepost.receipts.bringing import accept, bring, compare, refuse
from milepost.receipts.leaving import tell_leavers
from milepost.receipts.making import take_receipt
from milepost.receipts.models import Receipt
from tests.racing import Pair, Race, facts, house, no_fault
from tests.worlds import SMALL_COURSE, make_course, make_member

_numbers = numbers(1)


def made_learner(world: Any) -> Member:
    """Somebody new, who completed the course."""
    organisation, _lead, _members, course = world[:4]
    number = next(_numbers)
    member = Member.objects.create(
        organisation=organisation,
        email=f"l{number}@x.example",
        given_name=f"Only{number}",
        family_name="Learner",
        employee_number=f"L{number}",
    )
    made = enrol(member=member, course=course)
    enrolment = Enrolment.objects.select_related("member", "course", "organisation").get(pk=made.pk)
    for key in enrolment.outline.counted:
        complete_activity(enrolment=enrolment, activity=enrolment.outline.by_key[key], score=100, is_passed=True)
    return Member.objects.select_related("organisation").get(pk=member.pk)


def make_world() -> Any:
    organisation, lead, members = house()
    return organisation, lead, members, make_course(organisation, SMALL_COURSE, by=lead)


def _receipt_of(member: Member) -> bytes:
    file = io.BytesIO()
    take_receipt(member=member, file=file, by=member)
    return file.getvalue()


def _two_houses() -> Any:
    """One where somebody learnt, with their receipt, and one to which people bring it."""
    there, here = make_world(), make_world()
    return *here, _receipt_of(made_learner(there)), str(there[3].uid), there


def _comer(world: Any) -> Member:
    return make_member(world[0], f"comer-{next(_numbers)}")


def _brought(world: Any, content: bytes = b"") -> Receipt:
    """A receipt of somebody who came; without one, of a person of its own: what one learnt there counts for one person here."""
    comer = _comer(world)
    made = bring(member=comer, content=content or _receipt_of(made_learner(world[6])), by=comer)
    return Receipt.objects.select_related("organisation", "member__organisation").get(pk=made.pk)


def _bring_twice(world: Any) -> Pair:
    comer = _comer(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        [made] = Receipt.objects.filter(member=comer)
        assert facts("brought", made.uid) == 1

    return [lambda: bring(member=comer, content=world[4], by=comer)] * 2, count


def _accepting(world: Any, receipt: Receipt) -> Any:
    said = {"course_uid": world[5], "course": world[3], "reason": "Same", "by": world[1]}
    return lambda: accept(receipt=receipt, **said)


def _recognised(receipt: Receipt) -> int:
    return Entry.objects.filter(fact="course.recognised", actor_id=str(receipt.member.uid)).count()


def _recognise_twice(world: Any) -> Pair:
    receipt = _brought(world)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["RecognisedAlready", "done"], answers
        assert Equivalence.objects.filter(member=receipt.member).count() == _recognised(receipt) == 1

    return [_accepting(world, receipt)] * 2, count


def _recognise_for_two(world: Any) -> Pair:
    """Two brought the receipt of one person, and two in the office recognise it at once: it counts for one of them."""
    content = _receipt_of(made_learner(world[6]))
    receipts = [_brought(world, content), _brought(world, content)]

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["OfSomebodyElse", "done"], answers
        counting = [one for one in receipts if Equivalence.objects.standing().filter(member=one.member).exists()]
        assert len(counting) == sum(_recognised(one) for one in receipts) == 1
        assert list(Receipt.objects.filter(pk__in=[one.pk for one in receipts], is_theirs=True)) == counting

    return [_accepting(world, one) for one in receipts], count


def _check_twice(world: Any) -> Pair:
    """“Compare” pressed twice: it is compared once."""
    receipt = _brought(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert facts("checked", receipt.uid) == 1
        assert Receipt.objects.get(pk=receipt.pk).checked == "typed"

    return [lambda: compare(receipt=receipt, fingerprint=receipt.key, by=world[1])] * 2, count


def _recognise_and_refuse(world: Any) -> Pair:
    """Nothing of a receipt counts that was refused."""
    receipt = _brought(world)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        standing = Equivalence.objects.standing().filter(member=receipt.member).exists()
        refused = Receipt.objects.get(pk=receipt.pk).refused_at is not None
        assert standing != refused, answers

    return [_accepting(world, receipt), lambda: refuse(receipt=receipt, reason="No", by=world[1])], count


def _refuse_twice(world: Any) -> Pair:
    receipt = _brought(world)

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["WasRefused", "done"], answers
        assert facts("refused", receipt.uid) == 1

    return [lambda: refuse(receipt=receipt, reason="No", by=world[1])] * 2, count


def _take_back_twice(world: Any) -> Pair:
    receipt = _brought(world)
    made = _accepting(world, receipt)()

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["TakenBack", "done"], answers
        told = Entry.objects.filter(fact="course.unrecognised", actor_id=str(receipt.member.uid))
        assert told.count() == 1

    return [lambda: take_back(equivalence=made, reason="Wrong", by=world[1])] * 2, count


def _tell_leavers_twice(world: Any) -> Pair:
    leaver = made_learner(world)
    Member.objects.filter(pk=leaver.pk).update(left_on=clock.today() + timedelta(days=3))

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Notice.objects.filter(kind="receipt_link", about_id=str(leaver.uid)).count() == 1

    return [tell_leavers] * 2, count


def _words_about(member: Member) -> list[str]:
    """The facts that still name somebody, but for those that tell of offices."""
    named = Entry.objects.filter(organisation_id=member.organisation_id)
    named = named.filter(Q(statement__contains=str(member.uid)) | Q(statement__contains=member.given_name + " "))
    return list(named.values_list("fact", flat=True))


def _take_and_erase(world: Any) -> Pair:
    """Whoever is erased while their receipt is made is named by nothing that comes later."""
    learner, lead = made_learner(world), world[1]

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert answers[1] == "done", answers
        assert _words_about(learner) == [], answers

    return [lambda: _receipt_of(learner), lambda: erase_person(member=learner, by=lead)], count


def _bring_and_erase(world: Any) -> Pair:
    comer = _comer(world)

    def count(answers: list[str]) -> None:
        assert answers[1] == "done", answers
        no_fault(answers)
        assert _words_about(comer) == [], answers

    return [
        lambda: bring(member=comer, content=world[4], by=comer),
        lambda: erase_person(member=comer, by=world[1]),
    ], count


def _check_and_erase(world: Any) -> Pair:
    receipt = _brought(world)

    def count(answers: list[str]) -> None:
        assert answers[1] == "done", answers
        no_fault(answers)
        assert _words_about(receipt.member) == [], answers

    return [
        lambda: compare(receipt=receipt, fingerprint=receipt.key, by=world[1]),
        lambda: erase_person(member=receipt.member, by=world[1]),
    ], count


def _recognise_and_erase(world: Any) -> Pair:
    receipt = _brought(world)

    def count(answers: list[str]) -> None:
        assert answers[1] == "done", answers
        no_fault(answers)
        assert _words_about(receipt.member) == [], answers

    return [_accepting(world, receipt), lambda: erase_person(member=receipt.member, by=world[1])], count


def _erase_twice(world: Any) -> Pair:
    learner = made_learner(world)
    before = Entry.objects.filter(organisation_id=world[0].pk, verb="erased").count()

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["WasErased", "done"], answers
        assert Entry.objects.filter(organisation_id=world[0].pk, verb="erased").count() == before + 1
        assert verify_journal(world[0].pk).finding is None

    return [lambda: erase_person(member=learner, by=world[1])] * 2, count


def _export_and_erase(world: Any) -> Pair:
    """Whoever is erased while their data are copied is copied whole, or not at all, and named by nothing that comes later."""
    learner, lead, file = made_learner(world), world[1], io.BytesIO()

    def count(answers: list[str]) -> None:
        assert answers in (["done", "done"], ["WasErased", "done"]), answers
        assert _words_about(learner) == [], answers
        assert answers[0] == "WasErased" or zipfile.ZipFile(file).testzip() is None

    return [
        lambda: export_person(member=learner, file=file, by=lead),
        lambda: erase_person(member=learner, by=lead),
    ], count


RACES = {
    "bringing a receipt": Race(_two_houses, _bring_twice),
    "recognising a receipt": Race(_two_houses, _recognise_twice),
    "recognising one person's receipt for two": Race(_two_houses, _recognise_for_two),
    "checking a receipt": Race(_two_houses, _check_twice),
    "recognising and refusing a receipt": Race(_two_houses, _recognise_and_refuse),
    "refusing a receipt": Race(_two_houses, _refuse_twice),
    "taking back what was recognised": Race(_two_houses, _take_back_twice),
    "telling leavers": Race(make_world, _tell_leavers_twice),
    "exporting somebody and erasing": Race(make_world, _export_and_erase),
    "erasing somebody twice": Race(make_world, _erase_twice),
    "taking a receipt and erasing": Race(make_world, _take_and_erase),
    "bringing a receipt and erasing": Race(_two_houses, _bring_and_erase),
    "checking a receipt and erasing": Race(_two_houses, _check_and_erase),
    "recognising a receipt and erasing": Race(_two_houses, _recognise_and_erase),
}
