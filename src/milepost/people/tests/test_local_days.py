"""Days come and go by the calendar of the organisation that a row belongs to, whoever asks and wherever they are."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.utils import timezone

from milepost.core import clock
from milepost.core.local_days import DateIn, before_today, from_today
from milepost.people.models import Member, Organisation, RoleGrant

pytestmark = pytest.mark.django_db

ZONES = [
    "Etc/GMT+12",
    "Pacific/Honolulu",
    "America/St_Johns",
    "UTC",
    "Europe/Paris",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
]
INSTANTS = [
    datetime(2026, 11, 28, 23, 30, tzinfo=UTC),
    datetime(2026, 11, 28, 11, 0, tzinfo=UTC),
    datetime(2027, 3, 28, 0, 59, 59, 999999, tzinfo=UTC),  # the hour in which Paris goes to summer time
    datetime(2028, 2, 28, 10, 0, tzinfo=ZoneInfo("Pacific/Kiritimati")),
]


@pytest.fixture
def people():
    """In each zone somebody without a leaving date, and one for each date around now."""

    def around(instant):
        days = [None, *(instant.date() + timedelta(days=number) for number in range(-3, 4))]
        for zone in ZONES:
            there = Organisation.objects.create(slug=f"z{ZONES.index(zone)}", name=zone, time_zone=zone)
            Member.objects.bulk_create(
                Member(organisation=there, employee_number=str(number), left_on=day) for number, day in enumerate(days)
            )
        return Member.objects.select_related("organisation")

    return around


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_query_over_many_organisations_knows_the_date_in_each(people, instant):
    members = people(instant)
    with clock.at(instant):
        for row in members.annotate(today=DateIn(clock.now(), F("organisation__time_zone"))):
            assert row.today == instant.astimezone(ZoneInfo(row.organisation.time_zone)).date()


@pytest.mark.parametrize("instant", INSTANTS)
def test_what_is_over_and_what_is_not_share_everybody_between_them(people, instant):
    members = people(instant)
    zone = F("organisation__time_zone")
    with clock.at(instant):
        for over, still, leaves in [
            (before_today("left_on", zone), from_today("left_on", zone), lambda day, today: day < today),
            (
                before_today("left_on", zone, or_today=True),
                from_today("left_on", zone, after=True),
                lambda day, today: day <= today,
            ),
        ]:
            gone = {row.pk for row in members.filter(over)}
            here = {row.pk for row in members.filter(still)}
            assert not gone & here
            assert gone == {
                row.pk
                for row in members
                if row.left_on and leaves(row.left_on, clock.today(row.organisation.time_zone))
            }
            assert gone | here == {row.pk for row in members}


@pytest.mark.parametrize("seen_from", ["Etc/GMT+12", "Pacific/Kiritimati"])
def test_nobody_stays_or_goes_a_day_early_by_the_clock_of_whoever_asks(people, seen_from):
    instant = INSTANTS[0]
    members = people(instant)
    with clock.at(instant), timezone.override(seen_from):
        assert set(Member.objects.active()) == {row for row in members if not row.has_left}
        for row in members.filter(left_on=None):
            for day in range(-2, 3):
                until = instant.date() + timedelta(days=day)
                RoleGrant.objects.create(member=row, role="hr", expires_on=until)
                held = RoleGrant.objects.current().filter(member=row)
                assert held.exists() != held.model.objects.get(member=row).has_expired
                row.role_grants.all().delete()
