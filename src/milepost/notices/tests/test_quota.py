"""More messages than an organisation may send a day wait for the next, and go then."""

from datetime import timedelta

from django.core import mail

from milepost.core import clock
from milepost.notices.models import Notice
from milepost.notices.sending import send_due
from milepost.people.inviting import invite
from milepost.people.models import Member


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
