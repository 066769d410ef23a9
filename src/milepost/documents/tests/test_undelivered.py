"""Whoever sent a document sees on its page whom it did not reach."""

import pytest

from milepost.documents.permissions import MANAGE_DOCUMENTS, SEE_DOCUMENTS
from milepost.documents.tests.agreements import TWO, mail_due
from milepost.notices.models import Notice
from milepost.notices.tests.servers import inbox
from milepost.people.permissions import Permission
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def refused(asked, settings):
    """A request to sign whose address the mail server refuses."""
    backend = "milepost.notices.channels.email.smtp.EmailBackend"
    with inbox(on_rcpt={TWO[0].email: "550 no such mailbox"}) as server:
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": server.host, "port": server.port}}}
        mail_due()
    return Notice.objects.get(state="refused")


def test_whoever_manages_documents_alone_tries_again_what_was_sent_for_one(
    asked,
    visit,
    learner,
    organisation,
    monkeypatch,
    refused,
):
    monkeypatch.setattr(
        Permission, "is_carried_by", lambda permission, role: permission in (SEE_DOCUMENTS, MANAGE_DOCUMENTS)
    )
    client = visit(make_member(organisation, "dora", roles=["author"]))
    assert "Try again" in client.get(f"/aldermoor/documents/{asked.document.uid}/").text
    assert client.post(f"/aldermoor/messages/undelivered/{refused.uid}/").status_code == 302
    refused.refresh_from_db()
    assert refused.state == "waiting"
    assert client.get("/aldermoor/messages/undelivered/").status_code == 403
    assert visit(learner).post(f"/aldermoor/messages/undelivered/{refused.uid}/").status_code == 403


def test_a_request_that_is_refused_stands_on_the_page_of_its_document(asked, visit, lead, refused):
    page = visit(lead).get(f"/aldermoor/documents/{asked.document.uid}/")
    assert "Not delivered" in page.text
    assert "550 no such mailbox" in page.text
    assert "Try again" in page.text
