import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from click.testing import CliRunner
from django.contrib.sessions.models import Session
from django.test import Client

from milepost.cli import cli
from milepost.people.models import FactorReset
from milepost.people.second_factor import has_one

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
