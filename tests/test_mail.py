from milepost.config import environment
from milepost.core.jobs import run_all
from milepost.notices.tests.servers import inbox
from tests.worlds import make_people


def test_mail_goes_to_the_smtp_server_that_was_set(settings, visit, lead, organisation):
    with inbox() as server:
        configured = environment.read(
            {"MILEPOST_DATA": str(settings.ENVIRONMENT.data), "MILEPOST_MAIL_URL": f"smtp://127.0.0.1:{server.port}"}
        )
        backend = "milepost.notices.channels.email.smtp.EmailBackend"
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": configured.mail}}
        make_people(organisation, 3)
        visit(lead).post("/aldermoor/people/invitations/", {"q": "given"})
        run_all()
    assert server.addresses == [f"n{n}@aldermoor.example" for n in range(3)]
    assert server.messages[0]["Subject"] == "Aldermoor invites you to its courses"
    assert server.messages[0]["Reply-To"] == lead.email
