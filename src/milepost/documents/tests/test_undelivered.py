"""Whoever sent a document sees on its page whom it did not reach."""

import pytest

from milepost.documents.tests.agreements import TWO, mail_due
from milepost.notices.tests.servers import inbox

pytestmark = pytest.mark.django_db


def test_a_request_that_is_refused_stands_on_the_page_of_its_document(asked, visit, lead, settings):
    backend = "milepost.notices.channels.email.smtp.EmailBackend"
    with inbox(on_rcpt={TWO[0].email: "550 no such mailbox"}) as server:
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": server.host, "port": server.port}}}
        mail_due()
    page = visit(lead).get(f"/aldermoor/documents/{asked.document.uid}/")
    assert "Not delivered" in page.text
    assert "550 no such mailbox" in page.text
    assert "Try again" in page.text
