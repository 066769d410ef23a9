import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from milepost.core.jobs import run_all
from milepost.documents.jobs import make_file
from milepost.documents.models import Document, Signatory
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import PLACES, TWO, a_pdf, act, mail_due, pdf_of
from milepost.people.models import Member
from tests.readers import text_in
from tests.worlds import make_people

pytestmark = pytest.mark.django_db


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
    form = {
        "name": [party.name for party in TWO],
        "email": [party.email for party in TWO],
        "capacity": ["", ""],
        "is_ordered": "1",
        "remind_days": "2",
    }
    page = client.post(f"/aldermoor/documents/{document.uid}/request/", form, follow=True)
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
