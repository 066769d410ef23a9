"""Audiences of who holds a certificate that counts, and of those whose is about to end."""

from datetime import timedelta

from milepost.audiences.evaluating import keep_current
from milepost.audiences.models import Audience, people_in
from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.credentials.issuing import issue_missing
from milepost.credentials.models import Certificate
from milepost.credentials.revoking import revoke
from milepost.journal.subscriptions import deliver_all
from milepost.learning.models import Enrolment
from milepost.people.models import Member


def made(organisation, name, rule):
    audience = make_audience(organisation=organisation, name=name, rule=rule, by=None)
    run_all()
    return Audience.objects.get(pk=audience.pk)


def names(audience):
    return sorted(Member.objects.filter(pk__in=people_in(audience)).values_list("given_name", flat=True))


def test_a_certificate_counts_until_it_ends_or_is_revoked(world, organisation, lead, course, enrolment):
    def certified(days):
        return {"condition": "certified", "value": {"course": str(course.uid), "days": days}}

    now = clock.now()
    holders = made(organisation, "Holders", certified(0))
    renewing = made(organisation, "Renewing", {"all": [certified(0), {"not": certified(30)}]})
    Enrolment.objects.filter(pk=enrolment.pk).update(launched_at=now, completed_at=now, done=3)
    issue_missing(course=course, by=lead)
    deliver_all()
    run_all()
    assert (names(holders), names(renewing)) == (["Jonas"], [])
    today = clock.today(organisation.time_zone)
    Certificate.objects.update(valid_until=today + timedelta(days=31))
    with clock.at(now + timedelta(days=2)):
        keep_current(organisation)
        assert (names(holders), names(renewing)) == (["Jonas"], ["Jonas"])
    with clock.at(now + timedelta(days=33)):
        keep_current(organisation)
        assert (names(holders), names(renewing)) == ([], [])
    Certificate.objects.update(valid_until=None)
    Audience.objects.update(stale_at=now)
    keep_current(organisation)
    assert names(holders) == ["Jonas"]
    revoke(certificate=Certificate.objects.get(), reason="Wrong", by=lead)
    deliver_all()
    run_all()
    assert names(holders) == []
