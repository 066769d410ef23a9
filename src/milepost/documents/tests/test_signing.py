import io
import re
import subprocess
import sys
from datetime import timedelta

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pyhanko.pdf_utils import generic

from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.core.refusals import Refused
from milepost.documents.composing import RefusedDocument, compose, upload
from milepost.documents.declining import decline, delegate
from milepost.documents.ending import withdraw
from milepost.documents.jobs import make_file
from milepost.documents.kinds import KINDS
from milepost.documents.links import link_of
from milepost.documents.models import Document, Signatory, SignatureRequest, Wording
from milepost.documents.places import check_places
from milepost.documents.reminders import notify_due
from milepost.documents.requesting import Party, RequestRefused, Terms, request_signatures
from milepost.documents.sealing import SealOnlyWriter, seal_in, seal_pdf
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act, sign
from milepost.documents.typesetting import render
from milepost.documents.wordings import UnknownValue, check_words
from milepost.journal import keys
from milepost.journal.models import Entry
from milepost.notices.sending import send_due
from milepost.people.models import Member
from milepost.verify import seals_in
from tests.readers import milepost_accepts, pdfsig_accepts, text_in
from tests.worlds import make_people

pytestmark = pytest.mark.django_db
DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}'
VALUES = {
    "title": "Ladders, hands on", "client": "Norrviken AB", "reference": "A-0001", "objectives": "Stand safely\nCome down whole",
    "dates": "26 November 2026, 9:00–17:00", "hours": "7 h", "place": "Depot 3", "price": "1,200 €", "people": "Otto Ølund",
    "person": "Otto Ølund", "means": "A trainer and six ladders", "content": "Types\nUse",
}  # fmt: skip
TWO = [
    Party("Claire Fontaine", "claire@aldermoor.example", "for the training organisation"),
    Party("Łucja Öberg", "lucja@norrviken.example", "for the client"),
]


def mail_due():
    """What the background does: say what is due, and send it. Returns how many mails went out."""
    notify_due()
    return send_due()


def act(**changes):
    return Act(**({"signature": Signature.read(DRAWN), "address": "10.0.0.7", "agent": "Phone"} | changes))


def path_of(signatory):
    return "/" + link_of(signatory).partition("://")[2].partition("/")[2]


def a_pdf(pages=2, *, rotate=0, password=None):
    made = pikepdf.new()
    for _page in range(pages):
        page = made.add_blank_page(page_size=(595, 842))
        page.Rotate = rotate
    saved = io.BytesIO()
    made.save(saved, encryption=pikepdf.Encryption(owner=password, user=password) if password else False)
    return saved.getvalue()


@pytest.fixture
def agreement(organisation, lead):
    return compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)


@pytest.fixture
def asked(agreement, lead):
    return request_signatures(document=agreement, parties=TWO, terms=Terms(), by=lead)


def pdf_of(request):
    document = Document.objects.select_related("organisation").get(pk=request.document_id)
    return blobs.read(document.organisation.uid, document.pdf)


def people_of(request):
    return list(request.signatories.select_related("request__document__organisation", "member"))


# --- Made documents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_kind_is_written_in_both_languages_as_pdf_a(organisation, lead, kind, language):
    from milepost.documents.composing import file_of

    made = compose(organisation=organisation, kind=KINDS[kind], values=VALUES, language=language, by=lead)
    run_all(queues=["files"])
    made.refresh_from_db()
    content = file_of(made)
    assert "Ladders, hands on" in text_in(content)
    assert "{" not in text_in(content)
    assert b"pdfaid" in content


def test_an_agreement_says_what_the_law_asks_for(agreement, asked):
    text = text_in(pdf_of(asked))
    told = [
        "Aldermoor",
        "Norrviken AB",
        "Stand safely",
        "A-0001",
        "26 November 2026",
        "7 h",
        "1,200 €",
        "Attendance is signed",
        "Otto Ølund",
        "for the client",
    ]
    assert [part for part in told if part not in text] == []


def test_an_organisation_says_it_in_its_own_words_with_further_clauses(organisation, lead):
    Wording.objects.create(
        organisation=organisation, kind="agreement", language="en", blocks={"price": "All included: {price}."},
        clauses=[{"title": "Parking", "text": "There is none at {place}."}],
    )  # fmt: skip
    made = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    told = {section["heading"]: section["paragraphs"] for section in made.content["sections"]}
    assert told["Price and payment"] == ["All included: 1,200 €."]
    assert told["Parking"] == ["There is none at Depot 3."]


def test_words_that_name_what_does_not_exist_are_refused_with_what_there_is(visit, lead):
    with pytest.raises(UnknownValue, match=r"no value \{titel\}.*\{title\}"):
        check_words("About {titel}")
    page = visit(lead).post("/aldermoor/documents/wordings/agreement/en/", {"block-price": "{prize}"})
    assert page.status_code == 400
    assert "There is no value {prize}" in page.text
    assert not Wording.objects.exists()


def test_a_document_that_nobody_signs_is_sealed_by_the_organisation(organisation, lead):
    made = compose(organisation=organisation, kind=KINDS["convocation"], values=VALUES, language="en", by=lead)
    assert run_all(make_file, queues=["files"]) == 1
    made.refresh_from_db()
    assert milepost_accepts(blobs.read(organisation.uid, made.pdf), seals=1)


# --- Signing ----------------------------------------------------------------------------------------------


def test_each_signature_is_sealed_and_leaves_the_ones_before_valid(asked):
    for number, who in enumerate(people_of(asked), start=1):
        sign(signatory=who, act=act())
        content = pdf_of(asked)
        assert [seal.holds for seal in seals_in(content)] == [True] * number
        assert pdfsig_accepts(content, seals=number)
    asked.refresh_from_db()
    assert asked.status == SignatureRequest.Status.COMPLETED


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
    [_first, told] = [entry.content for entry in Entry.objects.filter(fact="document.signed").order_by("id")]
    assert told["result"]["signature_sha256"] == last.drawn.fingerprint
    assert told["result"]["meaning"] == "I have read “Ladders, hands on” and sign it, for the client."
    assert told["result"]["sha256"] == Document.objects.get().pdf
    assert told["result"]["document_sha256"] == _first["result"]["sha256"]


def test_nobody_signs_twice(asked):
    [first, _second] = people_of(asked)
    sign(signatory=first, act=act())
    with pytest.raises(RequestRefused, match="signed already"):
        sign(signatory=first, act=act())


def test_two_who_sign_at_once_both_stand_in_the_document(asked, monkeypatch):
    """While the first signature is being sealed, the second arrives and is done."""
    from milepost.documents import stamping

    [first, second] = people_of(asked)
    usual, raced = stamping.sign_in, []

    def slow(*told, **more):
        if not raced:
            raced.append(True)
            sign(signatory=second, act=act())
        return usual(*told, **more)

    monkeypatch.setattr(stamping, "sign_in", slow)
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
    with pytest.raises(RequestRefused, match="declined"):
        sign(signatory=Signatory.objects.select_related("request__document__organisation").get(pk=second.pk), act=act())
    mail_due()
    assert any(
        "The price is not what we agreed." in message.body and message.to == [asked.created_by.email]
        for message in mailoutbox
    )


def test_who_should_not_sign_passes_it_on(asked, mailoutbox):
    [first, _second] = people_of(asked)
    new = delegate(signatory=first, to=Party("Maud Lind", "Maud@aldermoor.example"))
    assert (new.position, new.capacity) == (first.position, first.capacity)
    mail_due()
    assert "maud@aldermoor.example" in [message.to[0] for message in mailoutbox]
    new = Signatory.objects.select_related("request__document__organisation").get(pk=new.pk)
    sign(signatory=new, act=act())
    assert "Maud Lind" in seals_in(pdf_of(asked))[0].reason


def test_withdrawn_and_expired_links_say_so(asked, lead, organisation):
    [first, second] = people_of(asked)
    withdraw(request=asked, reason="A mistake in the dates.", by=lead)
    page = Client().get(path_of(first))
    assert "has withdrawn it" in page.text
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
        (TWO, Terms(expires_on=clock.today() - timedelta(days=1)), "over already"),
        (TWO * 11, Terms(), "At most 20"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_and_nothing_is_asked(agreement, lead, parties, terms, complaint):
    with pytest.raises(RequestRefused, match=complaint):
        request_signatures(document=agreement, parties=parties, terms=terms, by=lead)
    assert not SignatureRequest.objects.exists()


# --- The page of who signs --------------------------------------------------------------------------------


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


def test_with_a_one_time_code_nobody_signs_without_the_mailbox(agreement, lead, mailoutbox):
    asked = request_signatures(document=agreement, parties=TWO, terms=Terms(needs_code=True), by=lead)
    [first, _second] = people_of(asked)
    phone, path = Client(), path_of(first)
    assert "First a code" in phone.get(path).text
    assert phone.post(path, {"signature": DRAWN}).status_code == 400
    phone.post(path + "code/")
    code = re.search(r"\n(\d{6})\n", mailoutbox[-1].body)[1]
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert "This is not the code" in phone.post(path + "code/", {"code": wrong}, follow=True).text
    phone.post(path + "code/", {"code": code})
    assert "You have signed" in phone.post(path, {"signature": DRAWN}, follow=True).text
    assert (
        "one-time code" in text_of_mark(asked)
        or Entry.objects.get(verb="signed").content["result"]["identified"] == "link+code"
    )


def text_of_mark(asked):
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
        assert Client().get(f"/d/{token}/{rest}").status_code == 404


def test_one_person_s_link_says_nothing_of_the_others_addresses(asked):
    [first, second] = people_of(asked)
    page = Client().get(path_of(first)).text
    assert second.name in page
    assert second.email not in page


# --- PDFs that people bring -------------------------------------------------------------------------------


def brought(organisation, lead, content=None):
    return upload(
        organisation=organisation, content=content or a_pdf(), name="x.pdf", title="House rules", language="en", by=lead
    )


PLACES = [
    {"signatory": 0, "kind": "text", "page": 0, "x": 0.1, "y": 0.1, "width": 0.3, "height": 0.03, "label": "Town"},
    {"signatory": 0, "kind": "check", "page": 1, "x": 0.1, "y": 0.2, "width": 0.03, "height": 0.02, "label": "I agree"},
    {"signatory": 1, "kind": "signature", "page": 1, "x": 0.6, "y": 0.8, "width": 0.3, "height": 0.08, "label": ""},
    {"signatory": 1, "kind": "date", "page": 1, "x": 0.6, "y": 0.9, "width": 0.2, "height": 0.03, "label": ""},
]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_any_pdf_is_signed_with_places_to_fill(organisation, lead, rotate):
    document = brought(organisation, lead, a_pdf(rotate=rotate))
    document.places = check_places(document, PLACES, signatories=2)
    document.save()
    asked = request_signatures(document=document, parties=TWO, terms=Terms(), by=lead)
    [first, second] = people_of(asked)
    with pytest.raises(RequestRefused, match="Fill in “Town”"):
        sign(signatory=first, act=act())
    sign(signatory=first, act=act(values={"0": "Malmö", "1": "1"}))
    sign(signatory=second, act=act(signature=Signature(text="Łucja Öberg")))
    content = pdf_of(asked)
    assert [seal.holds for seal in seals_in(content)] == [True, True]
    assert pdfsig_accepts(content, seals=2)
    with pikepdf.open(io.BytesIO(content)) as file:
        assert len(file.pages) == 3
        values = {str(field.T): str(field.V) for field in file.Root.AcroForm.Fields if str(field.T).startswith("Place")}
    assert values["Place1"] == "Malmö"
    assert values["Place2"] == "✓"


@pytest.fixture
def filled(organisation, lead):
    """A PDF that people brought, its places filled in and signed by both."""
    document = brought(organisation, lead)
    document.places = check_places(document, PLACES, signatories=2)
    document.save()
    [first, second] = people_of(request_signatures(document=document, parties=TWO, terms=Terms(), by=lead))
    sign(signatory=first, act=act(values={"0": "Malmö", "1": "1"}))
    sign(signatory=second, act=act())
    return pdf_of(first.request)


def with_another_town(content):
    """The writer of an update that fills the first place anew, as anybody's PDF program could."""
    writer = SealOnlyWriter(io.BytesIO(content))
    reference = next(field for field in writer.root["/AcroForm"]["/Fields"] if field.get_object()["/T"] == "Place1")
    reference.get_object()["/V"] = generic.pdf_string("Lund")
    writer.mark_update(reference)
    return writer


def test_what_was_filled_in_can_not_be_filled_in_anew(filled):
    assert milepost_accepts(filled, seals=2)
    saved = io.BytesIO()
    with_another_town(filled).write(saved)
    assert not milepost_accepts(saved.getvalue(), seals=2)
    assert not pdfsig_accepts(saved.getvalue(), seals=2)


def test_verify_says_so_in_one_line(filled, tmp_path):
    with (tmp_path / "agreement.pdf").open("wb") as file:
        with_another_town(filled).write(file)
    command = [sys.executable, "-m", "milepost.verify", file.name]
    told = subprocess.run(command, capture_output=True, text=True)
    line = "DOES NOT HOLD: The PDF was changed after seal 1 (Common Name: Aldermoor (seal), Organization: Aldermoor).\n"
    assert (told.returncode, told.stdout, told.stderr) == (1, line, "")


@pytest.mark.usefixtures("elsewhere")
def test_not_even_by_somebody_who_seals_it_too(filled):
    told = {"key": keys.current_key(99), "time": clock.now()}
    first, *_others = seals_in(seal_in(with_another_town(filled), "Theirs", **told))
    assert not first.holds
    assert milepost_accepts(seal_pdf(filled, **told), seals=3)  # a seal alone takes nothing from the others


@pytest.mark.usefixtures("elsewhere")
def test_a_pdf_that_others_signed_keeps_their_signature(organisation, lead):
    theirs = seal_pdf(
        render_blank(), key=keys.current_key(99), time=clock.now().replace(microsecond=0), reason="Theirs"
    )
    document = brought(organisation, lead, theirs)
    assert document.was_signed_before
    with pytest.raises(RefusedDocument, match="nothing but signatures"):
        check_places(document, PLACES[:1], signatories=1)
    asked = request_signatures(document=document, parties=TWO[:1], terms=Terms(), by=lead)
    sign(signatory=people_of(asked)[0], act=act())
    content = pdf_of(asked)
    assert content.startswith(theirs)
    [first, _ours] = seals_in(content)
    assert (first.reason, first.holds) == ("Theirs", True)


def render_blank():
    from milepost.documents.stamping import FRAMES

    data = {
        "language": "en", "title": "T", "organisation": "O", "colour": "#0f5c4d", "signatories": ["a"], "frames": FRAMES,
        "signatures_heading": "S", "signatures_note": "", "logo": None,
    }  # fmt: skip
    return render("signature-page", data, time=clock.now())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (a_pdf(password="secret"), "protected with a password"),
        (b"%PDF-1.7 broken", "is broken"),
        (b"<svg><script>alert(1)</script></svg>", "is not a PDF"),
        (b"", "is not a PDF"),
        (a_pdf(501), "more than 500 pages"),
    ],
    ids=["encrypted", "broken", "svg", "empty", "long"],
)  # fmt: skip
def test_a_pdf_that_can_not_be_taken_is_refused_with_what_to_do(organisation, lead, content, complaint):
    with pytest.raises(Refused, match=complaint):
        upload(organisation=organisation, content=content, name="x.pdf", title="", language="en", by=lead)
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"x": 0.9},
        {"page": 7},
        {"signatory": 9},
        {"kind": "script"},
        {"width": -1},
        {"x": "NaN"},
        {"x": None},
        {"height": 1e9},
    ],
)
def test_places_outside_of_their_page_are_refused(organisation, lead, change):
    with pytest.raises(RefusedDocument):
        check_places(brought(organisation, lead), [PLACES[0] | change], signatories=2)


# --- The pages of the organisation ------------------------------------------------------------------------


def test_a_document_is_made_placed_and_asked_for_from_the_pages(visit, lead, organisation, mailoutbox):
    client = visit(lead)
    page = client.post(
        "/aldermoor/documents/new/",
        {"file": SimpleUploadedFile("rules.pdf", a_pdf()), "title": "House rules"},
        follow=True,
    )
    assert "House rules" in page.text
    document = Document.objects.get()
    import json

    client.post(f"/aldermoor/documents/{document.uid}/places/", {"places": json.dumps(PLACES)})
    document.refresh_from_db()
    assert len(document.places) == 4
    told = {
        "name": [party.name for party in TWO],
        "email": [party.email for party in TWO],
        "capacity": ["", ""],
        "is_ordered": "1",
        "remind_days": "2",
    }
    page = client.post(f"/aldermoor/documents/{document.uid}/request/", told, follow=True)
    assert "Asked." in page.text
    mail_due()
    assert [message.to[0] for message in mailoutbox] == [TWO[0].email]
    assert "1 document waits for signatures." in client.get("/aldermoor/documents/").text


def test_hostile_files_and_values_are_refused_on_the_page(visit, lead):
    client = visit(lead)
    page = client.post("/aldermoor/documents/new/", {"file": SimpleUploadedFile("x.pdf", b"MZ...")})
    assert (page.status_code, "is not a PDF" in page.text) == (400, True)
    page = client.post("/aldermoor/documents/new/", {"kind": "nonsense", "value-title": "x"})
    assert (page.status_code, "Choose a kind" in page.text) == (400, True)
    page = client.post("/aldermoor/documents/new/", {"kind": "agreement", "value-title": " "})
    assert "needs the title" in page.text


def test_one_act_sends_a_document_to_each_of_many(visit, lead, organisation, mailoutbox, django_assert_max_num_queries):
    make_people(organisation, 60)
    client = visit(lead)
    with django_assert_max_num_queries(60):
        page = client.post(
            "/aldermoor/documents/bulk/",
            {"q": "family", "kind": "non-disclosure", "value-title": "Project X", "remind_days": "3"},
            follow=True,
        )
    assert "60 documents go out" in page.text
    assert run_all(make_file, queues=["files"]) == 60
    assert mail_due() == 60
    who = (
        Signatory.objects.select_related("request__document__organisation", "member")
        .filter(member=Member.objects.get(email="n7@aldermoor.example"))
        .get()
    )
    sign(signatory=who, act=act())
    assert "Given7 Family7" in text_in(pdf_of(who.request))


def test_the_list_of_documents_costs_the_same_for_one_and_for_sixty(
    visit, lead, organisation, django_assert_max_num_queries
):
    make_people(organisation, 60)
    client = visit(lead)
    client.post("/aldermoor/documents/bulk/", {"q": "family", "kind": "non-disclosure", "value-title": "Project X"})
    with django_assert_max_num_queries(12):
        client.get("/aldermoor/documents/")


def test_the_preview_of_our_words_is_a_pdf(visit, lead):
    response = visit(lead).get("/aldermoor/documents/wordings/agreement/fr/preview/")
    assert response.content.startswith(b"%PDF")
