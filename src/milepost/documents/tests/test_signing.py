import io
import json
import re
from datetime import timedelta

import pikepdf
import pytest
from django.test import Client

from milepost.core import clock
from milepost.documents.declining import decline
from milepost.documents.ending import withdraw
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.documents.requesting import Party, RequestRefused, Terms, request_signatures
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import DRAWN, TWO, act, mail_due, path_of, pdf_of, people_of
from milepost.journal.models import Entry
from milepost.verify.pdf_seals import seals_in
from tests.readers import milepost_accepts, pdfsig_accepts, text_in

pytestmark = pytest.mark.django_db


# --- Signing ---
def test_each_signature_is_sealed_and_leaves_the_ones_before_valid(asked):
    for number, who in enumerate(people_of(asked), start=1):
        sign(signatory=who, act=act())
        content = pdf_of(asked)
        assert [seal.holds for seal in seals_in(content)] == [True] * number
        assert pdfsig_accepts(content, seals=number)
    asked.refresh_from_db()
    assert asked.status == SignatureRequest.Status.COMPLETED


def test_a_document_is_signed_in_any_letters_and_read_by_others(organisation, lead, visit, mailoutbox):
    client = visit(lead)
    client.post(
        "/aldermoor/documents/new/", {"kind": "agreement", "value-title": "協定 😀", "value-place": "Åre \x0b सदन"}
    )
    document = Document.objects.get()
    assert client.get(f"/aldermoor/documents/{document.uid}/file/").status_code == 200
    parties = [Party("王小明", "wang@norrviken.example", "代表"), Party("دانیال علی‌پور", "dan@norrviken.example", "")]
    asked = request_signatures(document=document, parties=parties, terms=Terms(), by=lead)
    for who, name in zip(people_of(asked), ("王小明 😀", "دانیال"), strict=True):
        phone = Client()
        phone.get(path_of(who))
        page = phone.post(path_of(who), {"signature": json.dumps({"text": name})}, follow=True)
        assert page.status_code == 200
    content = pdf_of(asked)
    assert pdfsig_accepts(content, seals=2)
    for written in ("協定", "😀", "王小明", "代表", "सदन"):
        assert written in text_in(content)
    picture = client.get(f"/aldermoor/documents/{document.uid}/pages/0/")
    assert picture.status_code == 200


def test_any_changed_byte_is_refused_by_poppler_and_by_us(asked):
    for who in people_of(asked):
        sign(signatory=who, act=act())
    content = pdf_of(asked)
    for at in range(40, len(content), len(content) // 12):
        broken = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        assert not pdfsig_accepts(broken, seals=2), at
        assert not milepost_accepts(broken, seals=2), at


def test_the_last_page_says_who_when_how_and_with_which_fingerprints(asked):
    for who in people_of(asked):
        sign(signatory=who, act=act())
    last = asked.signatories.last()
    with pikepdf.open(io.BytesIO(pdf_of(asked))) as file:
        fields = {str(field.T): field for field in file.Root.AcroForm.Fields}
    drawn = pikepdf.open(io.BytesIO(pdf_of(asked)))
    assert {"Signatory1", "Signatory2"} <= fields.keys()
    assert len(drawn.pages) >= 2
    [first, second] = [entry.content for entry in Entry.objects.filter(fact="document.signed").order_by("id")]
    assert second["result"]["signature_sha256"] == last.drawn.fingerprint
    assert second["result"]["meaning"] == "I have read “Ladders, hands on” and sign it, for the client."
    assert second["result"]["sha256"] == Document.objects.get().pdf
    assert second["result"]["document_sha256"] == first["result"]["sha256"]


def test_nobody_signs_twice(asked):
    [first, _second] = people_of(asked)
    sign(signatory=first, act=act())
    with pytest.raises(RequestRefused, match="signed already"):
        sign(signatory=first, act=act())


def test_two_who_sign_at_once_both_stand_in_the_document(asked, monkeypatch):
    """While the first signature is being sealed, the second arrives and is done."""
    from milepost.documents import signature_fields

    [first, second] = people_of(asked)
    usual, raced = signature_fields.sign_in, []

    def slow(*args, **more):
        if not raced:
            raced.append(True)
            sign(signatory=second, act=act())
        return usual(*args, **more)

    monkeypatch.setattr(signature_fields, "sign_in", slow)
    sign(signatory=first, act=act())
    assert len(seals_in(pdf_of(asked))) == 2
    asked.refresh_from_db()
    assert asked.status == "completed"


def test_in_order_the_second_waits_for_the_first(agreement, lead, mailoutbox):
    asked = request_signatures(document=agreement, parties=TWO, terms=Terms(is_ordered=True), by=lead)
    [first, second] = people_of(asked)
    assert mail_due() == 1
    with pytest.raises(RequestRefused, match="not your turn"):
        sign(signatory=second, act=act())
    sign(signatory=first, act=act())
    assert mail_due() == 1
    assert [message.to[0] for message in mailoutbox] == [first.email, second.email]


def test_declining_needs_a_reason_and_ends_it_for_all(asked, mailoutbox):
    [first, second] = people_of(asked)
    with pytest.raises(RequestRefused, match="Say why"):
        decline(signatory=first, reason=" ")
    decline(signatory=first, reason="The price is not what we agreed.")
    page = Client().get(path_of(first)).text
    assert page.index("You have declined to sign.") < page.index('class="paper"')  # above the pages, where one looks
    assert "Somebody has declined to sign" in Client().get(path_of(second)).text
    with pytest.raises(RequestRefused, match="declined"):
        sign(signatory=Signatory.objects.select_related("request__document__organisation").get(pk=second.pk), act=act())
    mail_due()
    assert any(
        "The price is not what we agreed." in message.body and message.to == [asked.created_by.email]
        for message in mailoutbox
    )


def test_withdrawn_and_expired_links_say_so(asked, lead, organisation):
    [first, second] = people_of(asked)
    withdraw(request=asked, reason="A mistake in the dates.", by=lead)
    page = Client().get(path_of(first))
    assert "has withdrawn it" in page.text
    Client().get(path_of(second))
    assert Client().post(path_of(second), {"signature": DRAWN}).status_code == 400


def test_after_its_last_day_a_request_ends_and_its_sender_is_told(agreement, lead, mailoutbox):
    asked = request_signatures(document=agreement, parties=TWO, terms=Terms(expires_on=clock.today()), by=lead)
    mail_due()
    mailoutbox.clear()
    with clock.at(clock.now() + timedelta(days=2)):
        assert "last day to sign" in Client().get(path_of(people_of(asked)[0])).text
        mail_due()
    asked.refresh_from_db()
    assert asked.status == "expired"
    assert [message.to for message in mailoutbox] == [[lead.email]]


def test_reminders_come_every_so_many_days_until_it_is_signed(asked, mailoutbox):
    start = clock.now()
    mail_due()
    sign(signatory=people_of(asked)[0], act=act())
    counts = []
    for day in (2, 3.1, 4, 6.2):
        mailoutbox.clear()
        with clock.at(start + timedelta(days=day)):
            mail_due()
        counts.append(len(mailoutbox))
    assert counts == [0, 1, 0, 1]


def test_the_signed_file_goes_to_all_and_to_those_in_copy(agreement, lead, mailoutbox):
    asked = request_signatures(
        document=agreement, parties=TWO, terms=Terms(copies=["archive@aldermoor.example"]), by=lead
    )
    for who in people_of(asked):
        sign(signatory=who, act=act())
    mail_due()
    mail_due()
    done = [message for message in mailoutbox if message.subject.startswith("Signed by all")]
    assert sorted(message.to[0] for message in done) == sorted(
        {"archive@aldermoor.example", lead.email, *(party.email for party in TWO)}
    )
    assert done[0].attachments[0][1] == pdf_of(asked)


@pytest.mark.parametrize(
    ("parties", "terms", "complaint"),
    [
        ([], Terms(), "Say who signs"),
        ([Party("", "a@b.example")], Terms(), "has no name"),
        ([Party("A", "nonsense")], Terms(), "is not an e-mail address"),
        (TWO, Terms(copies=["x"]), "is not an e-mail address"),
        (TWO, Terms(copies=[f"n{number}@one.example" for number in range(21)]), "At most 20 people get a copy"),
        (TWO, Terms(expires_on=clock.today() - timedelta(days=1)), "over already"),
        (TWO * 11, Terms(), "At most 20"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_and_nothing_is_asked(agreement, lead, parties, terms, complaint):
    with pytest.raises(RequestRefused, match=complaint):
        request_signatures(document=agreement, parties=parties, terms=terms, by=lead)
    assert not SignatureRequest.objects.exists()


# --- The page of who signs ---
def test_a_person_reads_and_signs_with_nothing_but_the_link(asked):
    [first, _second] = people_of(asked)
    phone = Client()
    page = phone.get(path_of(first))
    assert "I have read “Ladders, hands on” and sign it, for the training organisation." in page.text
    assert phone.get(path_of(first) + "pages/0/").headers["Content-Type"] == "image/webp"
    assert phone.get(path_of(first) + "pages/99/").status_code == 404
    served = phone.get(path_of(first) + "file/")
    assert served.content.startswith(b"%PDF")
    assert served["Content-Disposition"].startswith("attachment; filename=")
    page = phone.post(path_of(first), {"signature": DRAWN}, follow=True)
    assert "You have signed “Ladders, hands on”." in page.text
    assert [entry.verb for entry in Entry.objects.order_by("id")][-2:] == ["viewed", "signed"]


def test_nobody_signs_by_a_post_what_they_never_opened(asked):
    [first, _second] = people_of(asked)
    phone = Client()
    shown = phone.post(path_of(first), {"signature": DRAWN}, follow=True)
    assert "You had not opened this document yet." in shown.text
    assert not Entry.objects.filter(verb="signed").exists()
    assert "You have signed" in phone.post(path_of(first), {"signature": DRAWN}, follow=True).text


def test_with_a_one_time_code_nobody_signs_without_the_mailbox(agreement, lead, mailoutbox):
    asked = request_signatures(document=agreement, parties=TWO, terms=Terms(needs_code=True), by=lead)
    [first, _second] = people_of(asked)
    phone, path = Client(), path_of(first)
    assert "First a code" in phone.get(path).text
    assert phone.post(path, {"signature": DRAWN}).status_code == 403
    phone.post(path + "code/")
    code = re.search(r"\n(\d{6})\n", mailoutbox[-1].body)[1]
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    page = phone.post(path + "code/", {"code": wrong}, follow=True).text
    assert "This is not the code" in page and re.search(r'<input[^>]*name="code"[^>]* aria-invalid="true"', page)
    phone.post(path + "code/", {"code": code}, follow=True)
    assert "You have signed" in phone.post(path, {"signature": DRAWN}, follow=True).text
    assert (
        "one-time code" in name_typed_as_signature(asked)
        or Entry.objects.get(verb="signed").content["result"]["identified"] == "link+code"
    )


def name_typed_as_signature(asked):
    return text_in(pdf_of(asked))


def test_five_wrong_codes_need_a_new_one(agreement, lead, mailoutbox):
    asked = request_signatures(document=agreement, parties=TWO, terms=Terms(needs_code=True), by=lead)
    path, phone = path_of(people_of(asked)[0]), Client()
    phone.post(path + "code/")
    code = re.search(r"\n(\d{6})\n", mailoutbox[-1].body)[1]
    for number in range(5):
        phone.post(path + "code/", {"code": f"{(int(code) + 1 + number) % 1_000_000:06}"})
    assert "Ask for a new one" in phone.post(path + "code/", {"code": code}, follow=True).text


@pytest.mark.parametrize("token", ["x", "x" * 43])
def test_a_link_that_is_not_ours_opens_nothing(token, db):
    for rest in ("", "file/", "pages/0/"):
        page = Client().get(f"/d/{token}/{rest}")
        assert (page.status_code, "open it once more from the message" in page.text) == (404, True)


def test_one_person_s_link_says_nothing_of_the_others_addresses(asked):
    [first, second] = people_of(asked)
    page = Client().get(path_of(first)).text
    assert second.name in page
    assert second.email not in page
