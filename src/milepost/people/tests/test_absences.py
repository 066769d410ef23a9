"""Long absences: noted, changed, over; whoever has due dates is told of the return."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.people import absences
from milepost.people.absences import begin_absence, change_absence, end_absence, remove_absence, tell_returns
from milepost.people.editing import add_person
from milepost.people.models import Absence, Member
from tests.worlds import make_member

TODAY = clock.today("Europe/Paris")


def days(count):
    return timedelta(days=count)


@pytest.fixture
def kim(organisation, lead):
    said = {"employee_number": "7", "given_name": "Kim", "family_name": "Lee", "email": "kim@a.example"}
    return add_person(organisation=organisation, said=said, by=lead)


def facts_of(member):
    entries = Entry.objects.filter(object_id=str(member.uid)).order_by("id")
    return [(entry.verb, entry.content["result"]) for entry in entries][1:]


def test_who_is_away_is_known_on_any_day_and_by_how_many_days(lead, kim):
    begin_absence(member=kim, begins=date(2026, 3, 10), ends=date(2026, 3, 20), by=lead)
    begin_absence(member=kim, begins=date(2026, 5, 1), by=lead)
    people = Member.objects
    assert list(people.absent_on(date(2026, 3, 10))) == list(people.absent_on(date(2026, 3, 20))) == [kim]
    assert not people.absent_on(date(2026, 3, 9)).exists() and not people.absent_on(date(2026, 3, 21)).exists()
    assert list(people.absent_on(date(2030, 1, 1))) == [kim]
    assert people.all().days_absent(date(2026, 3, 15), date(2026, 5, 2)) == {kim.pk: 6 + 2}
    assert people.all().days_absent(date(2026, 4, 1), date(2026, 4, 30)) == {}


def test_it_is_told_with_its_days_and_the_return_once_it_is_over(lead, kim):
    absence = begin_absence(member=kim, begins=TODAY - days(9), by=lead)
    assert tell_returns() == 0
    end_absence(absence=absence, ends=TODAY - days(1), by=lead)
    uid, begins, ends = str(absence.uid), (TODAY - days(9)).isoformat(), (TODAY - days(1)).isoformat()
    assert facts_of(kim) == [
        ("absent", {"absence": uid, "begins": begins}),
        ("changed-absence", {"absence": uid, "begins": begins, "ends": ends}),
        ("returned", {"absence": uid, "begins": begins, "ends": ends, "days": 9}),
    ]
    assert tell_returns() == 0


def test_what_was_to_end_today_is_told_tomorrow_and_once(lead, kim, monkeypatch):
    begin_absence(member=kim, begins=TODAY - days(9), ends=TODAY, by=lead)
    assert (tell_returns(), list(Member.objects.absent_today())) == (0, [kim])
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + days(1))
    assert (tell_returns(), tell_returns(), list(Member.objects.absent_today())) == (1, 0, [])


@pytest.mark.parametrize(
    ("begins", "ends", "refusal"),
    [
        (date(2026, 3, 12), date(2026, 3, 13), absences.AwayAlready),
        (date(2026, 3, 20), None, absences.AwayAlready),
        (date(2026, 3, 1), date(2026, 3, 10), absences.AwayAlready),
        (date(2026, 4, 2), date(2026, 4, 1), absences.EndsBeforeItBegins),
        (date(2206, 4, 2), None, absences.TooFarAway),
    ],
)
def test_days_that_can_t_be_are_refused_and_nothing_is_noted(lead, kim, begins, ends, refusal):
    begin_absence(member=kim, begins=date(2026, 3, 10), ends=date(2026, 3, 20), by=lead)
    with pytest.raises(refusal):
        begin_absence(member=kim, begins=begins, ends=ends, by=lead)
    assert Absence.objects.count() == 1


def test_the_database_itself_refuses_two_that_share_a_day(organisation, lead, kim):
    noted = begin_absence(member=kim, begins=date(2026, 3, 10), ends=date(2026, 3, 20), by=lead)
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(organisation=organisation, member=kim, begins=date(2026, 3, 20))
    later = Absence.objects.create(organisation=organisation, member=kim, begins=date(2026, 3, 21))
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.filter(pk=later.pk).update(begins=noted.ends)
    Absence.objects.create(organisation=organisation, member=lead, begins=date(2026, 3, 10))


def test_what_is_over_and_told_changes_no_more_and_a_mistake_can_be_removed(lead, kim):
    over = begin_absence(member=kim, begins=TODAY - days(9), ends=TODAY - days(2), by=lead)
    coming = begin_absence(member=kim, begins=TODAY + days(9), by=lead)
    with pytest.raises(absences.OverAlready):
        change_absence(absence=over, begins=over.begins, ends=TODAY, by=lead)
    with pytest.raises(absences.OverAlready):
        remove_absence(absence=over, by=lead)
    remove_absence(absence=coming, by=lead)
    assert [verb for verb, _result in facts_of(kim)] == ["absent", "returned", "absent", "removed-absence"]


def test_pages_note_change_and_show_it(organisation, visit, lead, kim):
    client, page = visit(lead), f"/aldermoor/people/{kim.uid}/"
    shown = client.get(page).text
    assert "Note an absence" in shown and "Why somebody is away is not kept here" in shown
    done = client.post(f"{page}absences/", {"begins": (TODAY - days(3)).isoformat(), "ends": ""}, follow=True).text
    assert "It is noted that Kim Lee is away." in done and "away from" in done
    assert "away for long" in client.get("/aldermoor/people/").text
    assert "Kim Lee" in client.get("/aldermoor/people/?status=away").text
    absence = Absence.objects.get()
    url = f"{page}absences/{absence.uid}/"
    wrong = client.post(url, {"begins": (TODAY - days(3)).isoformat(), "ends": "2020-01-01"}, follow=True).text
    assert "The last day lies before the first one." in wrong
    assert "Say the first day" in client.post(url, {"begins": "soon"}, follow=True).text
    assert "Removed." in client.post(url, {"remove": "1"}, follow=True).text
    assert not Absence.objects.exists()


def test_who_only_looks_sees_it_and_changes_nothing(organisation, visit, lead, kim):
    auditor = make_member(organisation, "bo", roles=["auditor"])
    absence = begin_absence(member=kim, begins=TODAY, by=lead)
    client, page = visit(auditor), f"/aldermoor/people/{kim.uid}/"
    shown = client.get(page).text
    assert "away from" in shown and "Note an absence" not in shown
    assert client.post(f"{page}absences/", {"begins": TODAY.isoformat()}).status_code in (403, 404)
    assert client.post(f"{page}absences/{absence.uid}/", {"remove": "1"}).status_code in (403, 404)
