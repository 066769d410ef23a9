"""Owners hear when a quota is nearly full; messages beyond one wait for the next day, and go then."""

from datetime import timedelta

from django.core import mail

from milepost.core import clock
from milepost.core.models import Stored
from milepost.core.quotas import take_bytes
from milepost.notices.models import Notice
from milepost.notices.quota import tell_owners
from milepost.notices.sending import send_due
from milepost.people.inviting import invite
from milepost.people.models import Member
from milepost.people.roles import Role
from tests.worlds import make_member


def test_what_is_more_than_a_day_s_messages_waits_for_the_next_day_and_is_not_lost(organisation, lead, settings):
    settings.QUOTAS = {("", "mails"): 2}
    people = [
        Member.objects.create(organisation=organisation, email=f"p{n}@x.example", given_name="P", family_name=str(n))
        for n in range(5)
    ]
    invite(members=people, by=lead)
    send_due()
    assert len(mail.outbox) == 2
    waiting = Notice.objects.filter(state="waiting")
    assert waiting.count() == 3
    assert all(timedelta(hours=23) < row.due_at - clock.now() <= timedelta(days=1, minutes=1) for row in waiting)
    settings.QUOTAS = {}
    waiting.update(due_at=clock.now())
    send_due()
    assert len(mail.outbox) == 5


def told():
    """What was said to whom since this was last asked."""
    tell_owners()
    send_due()
    said = [(message.to[0], message.subject) for message in mail.outbox]
    mail.outbox.clear()
    return said


def test_owners_hear_once_that_a_quota_is_nearly_full_and_again_when_it_was_not_so_meanwhile(
    organisation, lead, settings
):
    settings.QUOTAS = {("", "storage"): 1_000}
    owner = lead
    make_member(organisation, "olga", roles=[Role.LEAD])
    take_bytes(organisation, 790)
    assert told() == []
    take_bytes(organisation, 10)
    assert told() == [(owner.email, "Stored files: 80 % used")]
    take_bytes(organisation, 100)
    assert told() == [], "once each time"
    Stored.objects.update(since=770)
    assert told() == []
    take_bytes(organisation, 50)
    assert told() == [], "what goes to and fro is told once"
    Stored.objects.update(since=700)
    assert told() == []
    take_bytes(organisation, 150)
    assert told() == [(owner.email, "Stored files: 85 % used")]


def test_what_is_nearly_full_no_more_when_it_would_be_told_is_not_told(organisation, lead, settings):
    settings.QUOTAS = {("", "storage"): 1_000}
    take_bytes(organisation, 900)
    tell_owners()
    Stored.objects.update(since=100)
    tell_owners()
    send_due()
    assert mail.outbox == []
    assert Notice.objects.get().state == "dropped"


def test_the_page_of_what_is_used_says_since_when_it_is_nearly_full(organisation, lead, visit, settings):
    settings.QUOTAS = {("", "storage"): 1_000}
    take_bytes(organisation, 900)
    assert "Nearly full since" not in visit(lead).get("/aldermoor/security/usage/").text
    tell_owners()
    assert "Nearly full since" in visit(lead).get("/aldermoor/security/usage/").text
