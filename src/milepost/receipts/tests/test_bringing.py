"""A receipt of another organisation is read, shown in plain words, held against what its issuer publishes, and recognised in part or refused."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client

from milepost.anchors.publishing import keys_of
from milepost.core.fetching import Answer, NoAnswer
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.verification import verify
from milepost.learning.equivalences import NoReason, OneOwn, RecognisedAlready, TakenBack, standing, take_back
from milepost.learning.models import Equivalence
from milepost.people.models import Member
from milepost.receipts.bringing import (
    IsRecognised,
    NoSuchAchievement,
    NotPublished,
    NotReached,
    OfSomebodyElse,
    OwnReceipt,
    WasRefused,
    accept,
    ask_issuer,
    bring,
    compare,
    refuse,
)
from milepost.receipts.models import Receipt
from milepost.receipts.reading import RefusedReceipt
from milepost.receipts.tests.conftest import receipt_of
from milepost.receipts.tests.test_receipts import rewritten
from tests.disks import room_for
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def brought(receipt, comer):
    return bring(member=comer, content=receipt, by=comer)


@pytest.fixture
def accepted(brought, course, ladders, hr):
    return accept(receipt=brought, course_uid=str(course.uid), course=ladders, reason="Same content", by=hr)


def signed_in(member):
    client = Client()
    client.force_login(member.user)
    client.get(f"/{member.organisation.slug}/")  # which may lead to the page of the second factor, once
    return client


def test_it_is_kept_with_what_it_tells_and_once(brought, receipt, comer):
    assert (brought.issuer, brought.content["person"], brought.checked) == ("Aldermoor", "Jonas Nygård", "")
    assert brought.names_somebody_else
    assert bring(member=comer, content=receipt, by=comer) == brought
    assert Entry.objects.filter(fact="receipt.brought").count() == 1


def test_a_hostile_or_changed_file_is_refused_in_words_and_nothing_is_kept(receipt, comer):
    changed = rewritten(receipt, lambda files: files.update({"read-me.txt": b"Trust me."}))
    with pytest.raises(RefusedReceipt, match=r"“read-me\.txt” in it was changed"):
        bring(member=comer, content=changed, by=comer)
    for content in (b"", b"PK\x03\x04", b"%PDF-1.7", receipt[:-40], receipt + b"more"):
        with pytest.raises(RefusedReceipt):
            bring(member=comer, content=content, by=comer)
    assert not Receipt.objects.exists()


def test_an_organisation_s_own_receipt_is_not_brought_to_it(receipt, learner):
    with pytest.raises(OwnReceipt):
        bring(member=learner, content=receipt, by=learner)


def test_its_key_is_held_against_a_fingerprint_that_somebody_types(brought, hr):
    with pytest.raises(NotPublished):
        compare(receipt=brought, fingerprint="ab" * 32, by=hr)
    pairs = ":".join(brought.key[at : at + 2] for at in range(0, 64, 2)).upper()
    compare(receipt=brought, fingerprint=f" {pairs} ", by=hr)
    brought.refresh_from_db()
    assert brought.checked == "typed"
    assert Entry.objects.get(fact="receipt.checked").content["actor"]["id"] == str(hr.uid)


def test_its_key_is_looked_up_where_it_says_that_its_issuer_publishes_it(brought, hr, organisation, monkeypatch):
    page = f"https://learn.aldermoor.example/log/{organisation.uid}/"
    Receipt.objects.update(content=brought.content | {"published": page})
    brought.refresh_from_db()
    asked = []

    def answer(content):
        def fetch(url, **bounds):
            asked.append((url, bounds["only_outside"]))
            if content is None:
                raise NoAnswer("learn.aldermoor.example: not there.")
            return Answer(content, "application/json")

        monkeypatch.setattr("milepost.receipts.bringing.fetch", fetch)

    for content in (None, b"<html>", b"{}", b"[]", json.dumps(keys_of(hr.organisation)).encode()):
        answer(content)
        with pytest.raises(NotReached):
            ask_issuer(receipt=brought, by=hr)
    others = keys_of(organisation) | {"keys": [{"fingerprint": "0" * 64}]}
    answer(json.dumps(others).encode())
    with pytest.raises(NotPublished):
        ask_issuer(receipt=brought, by=hr)
    answer(json.dumps(keys_of(organisation)).encode())
    ask_issuer(receipt=brought, by=hr)
    assert asked[-1] == (f"{page}keys.json", True)
    assert Receipt.objects.get().checked == "fetched"


def test_an_address_without_encryption_is_not_asked(brought, hr):
    with pytest.raises(NotReached):  # the tests' own server is http
        ask_issuer(receipt=brought, by=hr)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example\\@aldermoor.example/log/{uid}/",  # Python reads the second host, and asks the first
        "https://aldermoor.example/sent/keys-of-mine.json?/log/{uid}/",
        "https://aldermoor.example/sent/keys-of-mine.json#/log/{uid}/",
        "https://aldermoor.example@evil.example/log/{uid}/",
        "https://aldermoor.example\n.evil.example/log/{uid}/",
        "https://aldermoor.example/log/{uid}/../../sent/",
        "https://[::1/log/{uid}/",
    ],
)
def test_an_address_in_which_two_programs_see_two_hosts_or_that_is_no_page_of_keys_is_not_asked(
    address, brought, hr, organisation, monkeypatch
):
    published = json.dumps(keys_of(organisation)).encode()
    monkeypatch.setattr("milepost.receipts.bringing.fetch", lambda *_, **__: Answer(published, "application/json"))
    Receipt.objects.update(content=brought.content | {"published": address.format(uid=organisation.uid)})
    brought.refresh_from_db()
    with pytest.raises(NotReached, match="names no address"):
        ask_issuer(receipt=brought, by=hr)
    assert signed_in(hr).get(f"/norrviken/receipts/{brought.uid}/").status_code == 200


def test_a_completion_is_recognised_by_somebody_with_a_reason_and_counted_apart(
    accepted, brought, comer, hr, ladders, norrviken
):
    assert list(standing(ladders)) == [accepted]
    fact = Entry.objects.get(fact="course.recognised").content
    assert fact["result"]["receipt_sha256"] == brought.digest
    assert (fact["result"]["reason"], fact["context"]["instructor"]["id"]) == ("Same content", str(hr.uid))
    assert fact["actor"]["id"] == str(comer.uid)
    assert not comer.enrolments.exists()
    seal(norrviken.pk)
    assert verify(norrviken.pk).finding is None


def test_it_is_recognised_once_for_a_reason_and_not_by_oneself(accepted, brought, course, ladders, comer, hr):
    there = {"receipt": brought, "course_uid": str(course.uid), "course": ladders}
    with pytest.raises(RecognisedAlready):
        accept(**there, reason="Again", by=hr)
    with pytest.raises(NoReason):
        accept(**there, reason=" ", by=hr)
    with pytest.raises(OneOwn):
        accept(**there, reason="I say so", by=comer)
    with pytest.raises(NoSuchAchievement):
        accept(**there | {"course_uid": str(ladders.uid)}, reason="Why not", by=hr)


def test_it_is_taken_back_with_a_reason_and_can_be_recognised_anew(accepted, brought, course, ladders, hr):
    take_back(equivalence=accepted, reason="Another course after all", by=hr)
    assert not standing(ladders).exists()
    with pytest.raises(TakenBack):
        take_back(equivalence=accepted, reason="Twice", by=hr)
    accept(receipt=brought, course_uid=str(course.uid), course=ladders, reason="Compared", by=hr)
    assert standing(ladders).count() == 1
    assert Equivalence.objects.count() == 2


def test_one_of_which_something_is_recognised_is_refused_once_that_is_taken_back(accepted, brought, hr):
    with pytest.raises(IsRecognised):
        refuse(receipt=brought, reason="No", by=hr)
    take_back(equivalence=accepted, reason="Other content", by=hr)
    refuse(receipt=brought, reason="No", by=hr)


def test_a_receipt_that_was_refused_counts_for_nothing(brought, course, ladders, hr, comer):
    with pytest.raises(NoReason):
        refuse(receipt=brought, reason="", by=hr)
    refuse(receipt=brought, reason="Made out to somebody else", by=hr)
    with pytest.raises(WasRefused):
        accept(receipt=brought, course_uid=str(course.uid), course=ladders, reason="Still", by=hr)
    assert "Made out to somebody else" in signed_in(comer).get("/norrviken/my-receipt/").text


# --- One person's receipt, brought by two --------------------------------------------------------------------


@pytest.fixture
def colleague(norrviken):
    return make_member(norrviken, "kim")


def accepting(receipt, course, ladders, hr):
    return accept(receipt=receipt, course_uid=str(course.uid), course=ladders, reason="Same content", by=hr)


def test_what_one_person_learnt_there_counts_for_one_person_here(
    accepted, brought, receipt, learner, colleague, comer, course, ladders, hr
):
    same = bring(member=colleague, content=receipt, by=colleague)
    newer = bring(member=colleague, content=receipt_of(learner), by=colleague)
    assert same.digest != newer.digest
    for theirs in (same, newer):
        with pytest.raises(OfSomebodyElse, match="recognised for Otto Nygård"):
            accepting(theirs, course, ladders, hr)
    take_back(equivalence=accepted, reason="It is Kim's", by=hr)
    accepting(newer, course, ladders, hr)
    with pytest.raises(OfSomebodyElse):
        accepting(brought, course, ladders, hr)
    assert Receipt.objects.get(is_theirs=True) == newer


def test_it_counts_for_whose_name_it_carries_before_anybody_else(brought, receipt, colleague, course, ladders, hr):
    Member.objects.filter(pk=colleague.pk).update(given_name="Jonas", family_name="Nygård")
    namesake = bring(member=Member.objects.get(pk=colleague.pk), content=receipt, by=colleague)
    with pytest.raises(OfSomebodyElse, match="made out to Jonas Nygård"):
        accepting(brought, course, ladders, hr)
    assert "Brought as well by" in signed_in(hr).get(f"/norrviken/receipts/{brought.uid}/").text
    refuse(receipt=namesake, reason="Another Jonas", by=hr)
    accepting(brought, course, ladders, hr)


def test_the_database_lets_it_count_for_one(brought, receipt, colleague):
    bring(member=colleague, content=receipt, by=colleague)
    with pytest.raises(IntegrityError), transaction.atomic():
        Receipt.objects.update(is_theirs=True)


# --- Pages ------------------------------------------------------------------------------------------------


def test_a_person_takes_theirs_and_brings_another_on_one_page(receipt, comer, learner):
    client = signed_in(learner)
    page = client.get("/aldermoor/my-receipt/")
    assert "Ladders" in page.text
    taken = client.post("/aldermoor/my-receipt/")
    assert b"".join(taken.streaming_content)[:2] == b"PK"
    client = signed_in(comer)
    assert "nothing to take yet" in client.get("/norrviken/my-receipt/").text
    sent = {"file": SimpleUploadedFile("receipt.zip", receipt)}
    assert "to be decided" in client.post("/norrviken/my-receipt/brought/", sent, follow=True).text
    sent = {"file": SimpleUploadedFile("receipt.zip", b"PK nothing")}
    assert "does not hold" in client.post("/norrviken/my-receipt/brought/", sent, follow=True).text


def test_whoever_keeps_the_records_reads_it_in_plain_words_and_decides(brought, course, ladders, hr, comer):
    client = signed_in(hr)
    assert "Aldermoor" in client.get("/norrviken/receipts/").text
    page = f"/norrviken/receipts/{brought.uid}/"
    text = client.get(page).text
    for words in ("Ladders", brought.key, "Not checked", "here: Otto Nygård"):
        assert words in text
    assert "The key is" in client.post(f"{page}key/", {"fingerprint": brought.key}, follow=True).text
    chosen = {"there": str(course.uid), "course": ladders.slug, "reason": "Same content"}
    assert "Recognised." in client.post(f"{page}equivalences/", chosen, follow=True).text
    assert "Recognised from elsewhere" in client.get(f"/norrviken/people/{comer.uid}/").text
    assert "recognised in part" in client.get("/norrviken/receipts/").text
    numbers = signed_in_lead(hr.organisation).get(f"/norrviken/courses/{ladders.slug}/numbers/").text
    assert "Of 1 person, something that they completed elsewhere is recognised" in numbers
    [equivalence] = standing(ladders)
    ended = client.post(f"/norrviken/equivalences/{equivalence.uid}/end/", {"reason": "Wrong one"}, follow=True)
    assert "Taken back" in ended.text
    assert client.post(f"{page}refusal/", {"reason": "No"}, follow=True).status_code == 200


def test_days_in_a_receipt_are_written_as_people_write_them(brought, hr):
    told = [
        one | {"completed_at": "2026-12-01T08:00:00.000Z", "valid_until": "2028-02-29"}
        for one in brought.content["achievements"]
    ]
    Receipt.objects.update(content=brought.content | {"achievements": told, "sealed_at": "2026-12-02T08:00:00.000Z"})
    client = signed_in(hr)
    client.cookies["django_language"] = "fr"
    text = client.get(f"/norrviken/receipts/{brought.uid}/").text
    for words in ("achevé le 1er décembre 2026", "valable jusqu’au 29 février 2028", "<dd>2 décembre 2026</dd>"):
        assert words in text


def signed_in_lead(organisation):
    return signed_in(make_member(organisation, "lena", roles=["lead"]))


def test_nobody_else_reads_or_decides(brought, comer, learner, norrviken):
    client = signed_in(comer)
    assert client.get("/norrviken/receipts/").status_code == 403
    assert client.get(f"/norrviken/receipts/{brought.uid}/").status_code == 403
    assert signed_in(learner).get(f"/norrviken/receipts/{brought.uid}/").status_code == 404


def test_the_list_of_people_leads_to_what_they_brought(brought, hr):
    assert "/norrviken/receipts/" in signed_in(hr).get("/norrviken/people/").text


def test_on_a_full_disk_whoever_brings_one_reads_so_and_nothing_is_kept_until_they_try_again(receipt, comer):
    client = signed_in(comer)
    client.raise_request_exception = False

    def bring_it():
        sent = {"file": SimpleUploadedFile("receipt.zip", receipt)}
        return client.post("/norrviken/my-receipt/brought/", sent, follow=True)

    with room_for(0):
        answer = bring_it()
    assert answer.status_code == 503
    assert "disk" in answer.text
    assert not Receipt.objects.exists()
    assert not Entry.objects.filter(fact="receipt.brought").exists()
    assert bring_it().status_code == 200
    assert Entry.objects.filter(fact="receipt.brought").count() == 1
