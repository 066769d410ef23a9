import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from click.testing import CliRunner
from django.contrib.sessions.models import Session
from django.test import Client

from milepost.cli import cli
from milepost.journal.subscriptions import deliver_all
from milepost.notices.sending import send_due
from milepost.people.models import FactorReset
from milepost.people.second_factor import has_one
from milepost.security.models import SecurityEvent
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


def run(*words):
    return CliRunner().invoke(cli, ["people", "sign-out", *words])


def is_in(member):
    return UserSession.objects.filter(user=member.user).exists()


def test_an_operator_ends_the_sessions_of_one_account_or_of_all(learner, lead):
    for member in (learner, lead):
        Client().post("/accounts/login/", {"login": member.user.email, "password": "correct horse"})
    assert run(learner.user.email).output == "1 sessions ended.\n"
    assert not is_in(learner) and is_in(lead)
    assert run("--everybody").exit_code == 0
    assert not is_in(lead) and not Session.objects.exists()


def test_an_operator_s_reset_of_a_factor_waits_a_day(lead):
    TOTP.activate(lead.user, "JBSWY3DPEHPK3PXP")
    done = CliRunner().invoke(cli, ["people", "reset-second-factor", lead.user.email])
    assert done.exit_code == 0 and "unless claire@aldermoor.example uses it" in done.output
    assert FactorReset.objects.get().by is None and has_one(lead.user_id)
    assert CliRunner().invoke(cli, ["people", "reset-second-factor", "nobody@example.org"]).exit_code == 1


@pytest.mark.parametrize("words", [[], ["jonas@aldermoor.example", "--everybody"], ["nobody@example.org"]])
def test_whose_sessions_end_is_said_and_somebody_s(learner, words):
    Client().post("/accounts/login/", {"login": learner.user.email, "password": "correct horse"})
    assert run(*words).exit_code == 1
    assert is_in(learner)


def signed_in(client):
    return client.get("/aldermoor/").status_code == 200


@pytest.fixture
def anna(organisation):
    return make_member(organisation, "anna")


def lost(anna, asks):
    """The page answers to whoever asks that somebody's sessions be ended."""
    return asks.post(f"/aldermoor/people/{anna.uid}/sessions/", follow=True)


def test_hr_signs_somebody_out_everywhere_who_is_told_and_it_stands_in_the_security_log(
    anna, organisation, visit, mailoutbox
):
    laptop, telephone, hr = Client(), Client(), make_member(organisation, "ravi", roles=["hr"])
    for browser in (laptop, telephone):
        browser.post("/accounts/login/", {"login": anna.email, "password": "correct horse"})
        assert signed_in(browser)
    desk = visit(hr)
    assert "Sign them out everywhere" in desk.get(f"/aldermoor/people/{anna.uid}/").text
    for _twice in range(2):
        assert "is signed out everywhere." in lost(anna, desk).text
    assert not signed_in(laptop) and not signed_in(telephone)
    assert signed_in(desk)
    send_due()
    [mail] = [mail for mail in mailoutbox if mail.subject == "You were signed out everywhere"]
    assert mail.to == [anna.user.email] and hr.full_name in mail.body
    deliver_all()
    assert SecurityEvent.objects.filter(kind="session-ended", organisation=organisation).count() == 1


@pytest.mark.parametrize("role", ["", "trainer", "author"])
def test_nobody_else_signs_others_out(anna, organisation, visit, role):
    theirs = visit(anna)
    asks = make_member(organisation, "nosy", roles=[role] if role else [])
    assert lost(anna, visit(asks)).status_code in (403, 404)
    assert signed_in(theirs)


def test_one_s_own_sessions_are_ended_elsewhere(lead, visit):
    asks = visit(lead)
    assert "Sign them out everywhere" not in asks.get(f"/aldermoor/people/{lead.uid}/").text
    assert "“My devices”" in lost(lead, asks).text
    assert signed_in(asks)
