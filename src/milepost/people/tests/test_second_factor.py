import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.test import Client

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.people import jobs, second_factor
from milepost.people.granting import grant, revoke
from milepost.people.models import FactorReset, Member
from milepost.people.organisation_settings import SECOND_FACTOR_GRACE, SECOND_FACTOR_ROLES
from milepost.people.roles import Role
from milepost.people.settings import NotYourSetting, change
from tests.worlds import make_member

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def owner(lead):
    return lead


@pytest.fixture
def hr(organisation):
    return make_member(organisation, "ravi", roles=["hr"])


def code():
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


def give_factor(member):
    TOTP.activate(member.user, SECRET)
    return RecoveryCodes.activate(member.user).get_unused_codes()


def come_in(member, answer=None):
    """Sign in as anybody does; with `answer` to what is asked after the password."""
    client = Client()
    page = client.post("/accounts/login/", {"login": member.user.email, "password": "correct horse"})
    if answer:
        assert page.url == "/accounts/2fa/authenticate/"
        client.post(page.url, {"code": answer})
    return client


def later(monkeypatch, **by):
    now = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: now)


def facts_about(member):
    entries = Entry.objects.filter(object_id=str(member.uid)).order_by("pk")
    return [entry.fact.partition(".")[2] for entry in entries if "factor" in entry.fact]


def works(client):
    return client.get("/aldermoor/people/").status_code == 200


def test_a_new_organisation_asks_those_who_decide_for_others_and_who_sees_everything(organisation):
    assert set(organisation.second_factor_roles) == {"owner", "lead", "hr", "auditor"}


def test_at_the_next_sign_in_whoever_needs_a_second_factor_is_led_to_set_it_up(hr):
    client = come_in(hr)
    led = client.get("/aldermoor/people/?q=a")
    assert led.url == "/accounts/second-factor/?next=%2Faldermoor%2Fpeople%2F%3Fq%3Da"
    page = client.get(led.url)
    assert "Your role asks for a second factor." in page.text and "Aldermoor: HR" in page.text
    assert 'href="/aldermoor/people/?q=a"' in page.text and "/accounts/2fa/webauthn/add/" in page.text
    assert works(client)  # within the days that there are, and asked once


def test_who_holds_no_such_role_is_asked_for_nothing(learner, organisation):
    author = make_member(organisation, "ana", roles=["author"])
    for member in (learner, author):
        assert come_in(member).get("/aldermoor/").status_code == 200
        member.refresh_from_db()
        assert member.second_factor_due is None


def test_after_the_days_nothing_of_the_role_works_and_all_else_does(hr, monkeypatch):
    assert works(come_in(hr)) is False and works(come_in(hr)) is False  # led, each time
    later(monkeypatch, days=7, minutes=1)
    client = come_in(hr)
    client.get("/aldermoor/")
    assert client.get("/aldermoor/people/").url.startswith("/accounts/second-factor/")
    assert "nothing of your role works" in client.get("/accounts/second-factor/").text
    sent = client.post("/aldermoor/people/invitations/", {})
    assert sent.status_code == 403 and "second factor" in sent.text
    assert client.get("/aldermoor/").status_code == 200
    assert "/aldermoor/people/" not in client.get("/aldermoor/").text


def test_with_no_days_nothing_works_before(hr, organisation):
    change(organisation=organisation, values={SECOND_FACTOR_GRACE.name: 0})
    client = come_in(hr)
    client.get("/aldermoor/")
    assert not works(client)
    give_factor(hr)  # elsewhere: this session ends with it
    assert not works(client)
    assert works(come_in(hr, code()))


def test_setting_it_up_gives_the_role_back_in_this_very_session(hr, organisation):
    change(organisation=organisation, values={SECOND_FACTOR_GRACE.name: 0})
    client = come_in(hr)
    client.get("/aldermoor/")
    assert not works(client)
    page = client.get("/accounts/2fa/totp/activate/", follow=True)
    if "password" in page.text and page.redirect_chain:
        client.post(page.redirect_chain[-1][0], {"password": "correct horse"}, follow=True)
    secret = client.session["mfa.totp.secret"]
    now = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    codes = client.post("/accounts/2fa/totp/activate/", {"code": now})
    assert codes.url == "/accounts/2fa/recovery-codes/"
    assert re.search(r"\b\d{8}\b", client.get(codes.url).text)
    assert works(client)


def test_the_days_are_stretched_by_nothing(hr, owner, organisation, monkeypatch):
    come_in(hr).get("/aldermoor/")
    due = Member.objects.get(pk=hr.pk).second_factor_due
    later(monkeypatch, days=3)
    change(organisation=organisation, values={SECOND_FACTOR_GRACE.name: 14})
    change(organisation=organisation, values={SECOND_FACTOR_ROLES.name: []})
    change(organisation=organisation, values={SECOND_FACTOR_ROLES.name: ["hr"]})
    revoke(member=hr, role=Role.HR)
    grant(member=hr, role=Role.HR)
    come_in(hr).get("/aldermoor/")
    assert Member.objects.get(pk=hr.pk).second_factor_due == due


def test_who_gives_their_factor_up_has_no_days_left(hr):
    give_factor(hr)
    client = come_in(hr, code())
    assert works(client)
    Authenticator.objects.filter(user=hr.user).delete()
    client = come_in(hr)
    client.get("/aldermoor/")
    assert not works(client)


def test_a_recovery_code_lets_in_once(hr):
    [first, *_rest] = give_factor(hr)
    assert works(come_in(hr, first))
    assert not works(come_in(hr, first))


def test_only_who_gives_every_role_decides_which_of_them_ask(organisation, owner):
    lead = make_member(organisation, "lena", roles=["lead"])
    with pytest.raises(NotYourSetting):
        change(organisation=organisation, values={SECOND_FACTOR_ROLES.name: []}, by=lead)
    change(organisation=organisation, values={SECOND_FACTOR_ROLES.name: ["owner"]}, by=owner)
    assert organisation.second_factor_roles == ["owner"]


def test_the_page_shows_these_settings_to_an_owner_alone(organisation, visit, owner):
    assert "Roles that ask for a second factor" in visit(owner).get("/aldermoor/settings/").text
    lead = make_member(organisation, "lena", roles=["lead"])
    assert "Roles that ask for a second factor" not in visit(lead).get("/aldermoor/settings/").text


def test_one_owner_alone_is_warned(visit, owner, organisation):
    assert "nobody here can help" in visit(owner).get("/aldermoor/people/roles/").text
    make_member(organisation, "ellen", roles=["owner"])
    assert "nobody here can help" not in visit(owner).get("/aldermoor/people/roles/").text


# --- Help for whoever lost theirs ------------------------------------------------------------------------


def test_another_owner_resets_a_lost_factor_a_day_later_and_the_person_is_told(hr, owner, visit, monkeypatch):
    give_factor(hr)
    inside = come_in(hr, code())
    assert works(inside)
    page = visit(owner)
    assert "Reset the second factor" in page.get(f"/aldermoor/people/{hr.uid}/").text
    page.post(f"/aldermoor/people/{hr.uid}/second-factor/")
    page.post(f"/aldermoor/people/{hr.uid}/second-factor/")  # twice is once
    assert "Keep it" in page.get(f"/aldermoor/people/{hr.uid}/").text
    assert facts_about(hr) == ["asked-for-factor-reset"]

    jobs.reset_factors.call()
    assert second_factor.has_one(hr.user_id)
    later(monkeypatch, hours=24, minutes=1)
    jobs.reset_factors.call()
    assert not second_factor.has_one(hr.user_id) and not Authenticator.objects.filter(user=hr.user).exists()
    assert not UserSession.objects.filter(user=hr.user).exists()
    assert facts_about(hr) == ["asked-for-factor-reset", "reset-factor"]
    again = come_in(hr)
    again.get("/aldermoor/")
    assert not works(again)  # until there is a new one


def test_using_the_factor_takes_the_reset_back(hr, owner, monkeypatch):
    give_factor(hr)
    second_factor.ask_reset(member=hr, by=owner)
    assert works(come_in(hr, code()))
    assert not FactorReset.objects.exists()
    later(monkeypatch, days=2)
    jobs.reset_factors.call()
    assert second_factor.has_one(hr.user_id)
    assert facts_about(hr) == ["asked-for-factor-reset", "kept-factor"]


def test_whoever_asked_takes_it_back_by_a_button(hr, owner, visit):
    give_factor(hr)
    second_factor.ask_reset(member=hr, by=owner)
    visit(owner).post(f"/aldermoor/people/{hr.uid}/second-factor/", {"keep": ""})
    assert not FactorReset.objects.exists()


@pytest.mark.parametrize("who", ["themselves", "lead", "an owner of another organisation"])
def test_nobody_else_resets_the_factor_of_somebody_with_a_role(who, organisation, owner):
    give_factor(owner)
    elsewhere = "an owner of another organisation"
    by = {
        "themselves": lambda: owner,
        "lead": lambda: make_member(organisation, "lena", roles=["lead"]),
        elsewhere: lambda: make_member(other_organisation(), "olaf", roles=["owner"]),
    }[who]()
    with pytest.raises(second_factor.NoResetHere):
        second_factor.ask_reset(member=owner, by=by)


def other_organisation():
    from milepost.people.organisations import create_organisation

    return create_organisation(slug="harbour", name="Harbour")


def test_a_role_in_another_organisation_is_nobody_s_to_open(hr, owner, organisation):
    harbour = other_organisation()
    there = Member.objects.create(
        organisation=harbour, user=hr.user, email=hr.email, given_name="Ravi", family_name="Nygård"
    )
    grant(member=there, role=Role.OWNER)
    give_factor(hr)
    with pytest.raises(second_factor.NoResetHere):
        second_factor.ask_reset(member=hr, by=owner)


def test_who_may_not_any_more_when_it_is_due_has_asked_for_nothing(hr, owner, organisation, monkeypatch):
    ellen = make_member(organisation, "ellen", roles=["owner"])
    give_factor(hr)
    second_factor.ask_reset(member=hr, by=ellen)
    revoke(member=ellen, role=Role.OWNER)
    later(monkeypatch, hours=25)
    jobs.reset_factors.call()
    assert second_factor.has_one(hr.user_id)
    assert facts_about(hr) == ["asked-for-factor-reset", "kept-factor"]


def test_there_is_nothing_to_reset_where_there_is_no_factor(hr, owner):
    with pytest.raises(second_factor.NothingToReset):
        second_factor.ask_reset(member=hr, by=owner)
