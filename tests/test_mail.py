from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from running import free_port

from milepost.config import environment
from tests.worlds import make_people


def test_mail_goes_to_the_smtp_server_that_was_set(settings, visit, lead, organisation):
    class Inbox(Message):
        received = []

        def handle_message(self, message):
            self.received.append(message)

    port = free_port()
    server = Controller(Inbox(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        told = environment.read(
            {"MILEPOST_DATA": str(settings.ENVIRONMENT.data), "MILEPOST_MAIL_URL": f"smtp://127.0.0.1:{port}"}
        )
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": told.mail}}
        make_people(organisation, 3)
        visit(lead).post("/aldermoor/people/invitations/", {"q": "given"})
    finally:
        server.stop()
    assert sorted(message["To"] for message in Inbox.received) == [f"n{n}@aldermoor.example" for n in range(3)]
    assert Inbox.received[0]["Subject"] == "Aldermoor invites you to its courses"
