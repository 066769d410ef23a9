"""What people wait for while they look at a page: sign-in codes and one-time codes."""

import re
import time

import pytest
from django.test import Client

from milepost.journal.recording import Reference
from milepost.notices.immediate import AddressRefused, MailServerAway, say_now
from milepost.notices.models import Notice
from milepost.notices.outbox import Outside
from milepost.notices.tests.conftest import use_server
from tests.servers import drip, trouble

pytestmark = pytest.mark.django_db
ABOUT, SECRET = Reference("document", "1", "Agreement"), {"code": "123456", "title": "Agreement"}


def test_a_code_goes_out_at_once_and_is_kept_nowhere(server, organisation):
    say_now("code", to=Outside(organisation, "kofi@outside.example", "Kofi"), about=ABOUT, secret=SECRET)
    assert "\n123456\n" in server.messages[0].get_body(("plain",)).get_content()
    row = Notice.objects.get()
    assert row.state == "sent"
    assert "123456" not in str(vars(row))


def test_a_code_that_can_t_be_sent_leaves_nothing_behind(server, settings, organisation):
    to = Outside(organisation, "kofi@outside.example")
    server.on_rcpt["kofi@outside.example"] = "550 no such mailbox"
    with pytest.raises(AddressRefused):
        say_now("code", to=to, about=ABOUT, secret=SECRET)
    with trouble(drip) as port:
        use_server(settings, port, patience=0.3)
        with pytest.raises(MailServerAway):
            say_now("code", to=to, about=ABOUT, secret=SECRET)
    assert not Notice.objects.exists()


def test_a_sign_in_code_comes_from_the_organisation(server, learner):
    Client().post("/accounts/login/code/", {"email": learner.email})
    (message,) = server.messages
    assert message["From"].addresses[0].display_name == "Aldermoor"
    assert re.search(r"\n\n[A-Z0-9-]{6,9}\n", message.get_body(("plain",)).get_content())
    assert message.get_body(("html",)) is not None


def test_a_mail_server_that_hangs_holds_up_nobody_s_sign_in_for_long(settings, learner):
    with trouble(drip) as port:
        use_server(settings, port, patience=0.3)
        begun = time.monotonic()
        for _try in range(3):
            page = Client().post("/accounts/login/code/", {"email": learner.email})
            assert page.status_code == 503
            assert "The mail server does not answer." in page.text
        assert time.monotonic() - begun < 2  # it is asked once, and then left alone
