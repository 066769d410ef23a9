import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from milepost.core.jobs import run_all
from milepost.documents.jobs import make_files
from milepost.documents.models import Document, Signatory
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import PLACES, TWO, a_pdf, act, mail_due, pdf_of
from milepost.people.models import Member
from tests.readers import text_in
from tests.worlds import make_people, once_of

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


def test_a_form_that_is_sent_twice_makes_one_document_and_one_with_something_else_in_it_another(visit, lead):
    client = visit(lead)
    brought, made = keys_in(client.get("/aldermoor/documents/new/").text)
    assert brought != made
    content = a_pdf()
    for title in ("House rules", "House rules", "Other rules"):
        file = SimpleUploadedFile("rules.pdf", content)
        client.post("/aldermoor/documents/new/", {"file": file, "title": title, "once": brought})
        client.post("/aldermoor/documents/new/", {"kind": "agreement", "value-title": title, "once": made})
    assert Document.objects.filter(kind="").count() == Document.objects.filter(kind="agreement").count() == 2


def keys_in(page):
    return re.findall(r'name="once" value="(\w+)"', page)


def test_hostile_files_and_values_are_refused_on_the_page(visit, lead):
    client = visit(lead)
    for sent, field, complaint in (
        ({"file": SimpleUploadedFile("x.pdf", b"MZ..."), "title": "Mine"}, "file", "is not a PDF"),
        ({"kind": "nonsense", "value-title": "x"}, "kind", "Choose a kind"),
        ({"kind": "agreement", "value-title": " ", "value-place": "Lyon"}, "value-title", "needs the title"),
    ):
        page = client.post("/aldermoor/documents/new/", sent)
        assert page.status_code == 400
        assert re.search(rf'id="{field}"[^>]*aria-describedby="{field}-error" aria-invalid="true"', page.text)
        assert complaint in re.search(rf'id="{field}-error">([^<]*)', page.text)[1]
        for typed in ("Mine", "Lyon"):
            assert (f'value="{typed}"' in page.text) == (typed in sent.values())


def test_what_is_wrong_for_each_of_many_stands_beside_its_field_and_keeps_what_was_typed(visit, lead):
    sent = {"q": "", "kind": "non-disclosure", "value-title": " ", "message": "Please sign.", "needs_code": "1"}
    page = visit(lead).post("/aldermoor/documents/bulk/", sent)
    assert page.status_code == 400
    assert "needs the title" in re.search(r'id="value-title-error">([^<]*)', page.text)[1]
    assert "Please sign." in page.text and re.search(r'name="needs_code" value="1" checked', page.text)


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
    assert run_all(make_files, queues=["files"]) == 3  # sixty, twenty-five at a time
    assert mail_due() == 60
    who = (
        Signatory.objects.select_related("request__document__organisation", "member")
        .filter(member=Member.objects.get(email="n7@aldermoor.example"))
        .get()
    )
    sign(signatory=who, act=act())
    assert "Given7 Family7" in text_in(pdf_of(who.request))


def test_documents_for_many_are_sent_once_however_often_the_form_is(visit, lead, organisation):
    make_people(organisation, 3)
    client, form = visit(lead), {"q": "family", "kind": "non-disclosure", "value-title": "Project X"}
    key = once_of(client.get("/aldermoor/documents/bulk/"))
    for _pressed in range(2):
        assert "3 documents go out" in client.post("/aldermoor/documents/bulk/", form | key, follow=True).text
    assert Document.objects.count() == 3
    client.post("/aldermoor/documents/bulk/", form | key | {"value-title": "Project Y"})
    assert Document.objects.count() == 6


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
