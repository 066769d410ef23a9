"""Links end, and can be renewed: those of trainers without an account, and the addresses that calendars read."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from icalendar import Calendar

from milepost.classroom.calendar_feeds import renew_feed
from milepost.classroom.models import CalendarFeed
from milepost.classroom.presence import feed_link, trainer_token
from milepost.classroom.scheduling import Holder, InvalidSession, add_trainer, remove_trainer, renew_link
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.journal.models import Entry
from milepost.people.models import Member
from tests.worlds import make_member


def page_of(trainer):
    trainer.refresh_from_db()
    return f"/room/{trainer_token(trainer)}/"


def path_of(feed):
    return re.sub(r"^https?://[^/]+", "", feed_link(feed))


def test_a_trainer_s_link_is_over_two_weeks_after_the_session(session, slots, trainer, client):
    page = page_of(trainer)
    with clock.at(slots[-1].ends_at + timedelta(days=13)):
        assert client.get(page).status_code == 200
    with clock.at(slots[-1].ends_at + timedelta(days=15)):
        for address in (page, f"{page}{slots[0].code}/", f"{page}{slots[0].code}/list/"):
            answer = client.get(address)
            assert (answer.status_code, "Ask the training team" in answer.text) == (410, True)
        assert client.post(f"{page}{slots[0].code}/closure/").status_code == 410


def test_whoever_manages_the_session_renews_it_and_the_earlier_one_opens_nothing(session, slots, trainer, lead, visit):
    old = page_of(trainer)
    with clock.at(slots[-1].ends_at + timedelta(days=30)):
        manage = f"/aldermoor/sessions/{session.uid}/"
        assert "the link is over" in visit(lead).get(manage).text
        visit(lead).post(f"{manage}trainers/", {"renew": trainer.uid})
        run_all()
        [letter] = [message for message in mail.outbox if message.to == ["tess@outside.example"]]
        new = re.search(r"/room/\S+/", letter.body)[0]
        assert new == page_of(trainer) != old
        assert Client().get(new).status_code == 200
        assert Client().get(old).status_code == 404
        assert Entry.objects.filter(fact="trainer.renewed", object_id=str(trainer.uid)).count() == 1
    with clock.at(slots[-1].ends_at + timedelta(days=45)):
        assert Client().get(new).status_code == 410


def test_of_two_links_that_were_sent_only_the_newest_one_goes_out(trainer, lead):
    for _press in range(2):
        renew_link(trainer=trainer, by=lead)
    run_all()
    assert len([message for message in mail.outbox if "new link" in message.subject]) == 1


def test_who_takes_part_or_only_looks_renews_nobody_s_link(session, trainer, organisation, visit):
    old = page_of(trainer)
    for member in (
        make_member(organisation, "ravi", roles=["hr"]),
        make_member(organisation, "ada", roles=["auditor"]),
    ):
        assert visit(member).post(
            f"/aldermoor/sessions/{session.uid}/trainers/", {"renew": trainer.uid}
        ).status_code in (403, 404)
    assert page_of(trainer) == old


def test_whoever_signs_in_to_hold_a_session_needs_no_link_and_gets_none(session, slots, organisation, lead, visit):
    coach = make_member(organisation, "coach", roles=["trainer"])
    holding = add_trainer(session=session, holder=Holder(coach), by=lead)
    with clock.at(slots[-1].ends_at + timedelta(days=20)):
        assert visit(coach).get(page_of(holding)).status_code == 200
    with pytest.raises(InvalidSession, match="sign in"):
        renew_link(trainer=holding, by=lead)


def test_who_holds_it_no_more_or_has_left_gets_no_link_and_opens_none(session, trainer, organisation, lead, visit):
    remove_trainer(trainer=trainer, by=lead)
    with pytest.raises(InvalidSession, match="no more"):
        renew_link(trainer=trainer, by=lead)
    coach = make_member(organisation, "coach", roles=["trainer"])
    holding = add_trainer(session=session, holder=Holder(coach), by=lead)
    client = visit(coach)
    Member.objects.filter(pk=coach.pk).update(left_on=clock.today() - timedelta(days=1))
    assert client.get(page_of(holding)).status_code == 404


# --- Calendars --------------------------------------------------------------------------------------------


@pytest.fixture
def seated(session, people):
    """One who takes part and has an account."""
    member = people[0]
    member.user = make_member(member.organisation, "own").user
    Member.objects.filter(user=member.user).delete()
    member.save()
    return member


def test_a_calendar_has_no_address_until_its_person_makes_one(seated, slots, visit):
    with clock.at(slots[0].starts_at - timedelta(days=1)):
        page = visit(seated).get("/aldermoor/sessions/").text
        assert ".ics" not in page and not CalendarFeed.objects.exists()
        made = visit(seated).post("/aldermoor/sessions/calendar/", follow=True)
        address = re.search(r"/calendar/[^/\"]+\.ics", made.text)[0]
        assert Client().get(address).headers["Content-Type"].startswith("text/calendar")


def test_its_person_makes_another_and_the_earlier_one_opens_nothing(seated, visit):
    old = path_of(renew_feed(member=seated))
    visit(seated).post("/aldermoor/sessions/calendar/")
    new = path_of(CalendarFeed.objects.get(member=seated))
    assert (Client().get(old).status_code, Client().get(new).status_code) == (404, 200)


def test_an_address_for_a_calendar_is_over_after_a_year_which_the_calendar_says(seated, visit):
    feed = renew_feed(member=seated)
    events = Calendar.from_ical(Client().get(path_of(feed)).content).events
    [end] = [event for event in events if "renew the address" in event["SUMMARY"]]
    assert end.start == feed.ends_at.date()
    with clock.at(feed.ends_at + timedelta(minutes=1)):
        answer = Client().get(path_of(feed))
        assert (answer.status_code, "Make a new one" in answer.text) == (410, True)


def test_whoever_has_left_has_no_calendar(seated):
    feed = renew_feed(member=seated)
    Member.objects.filter(pk=seated.pk).update(left_on=clock.today())
    assert Client().get(path_of(feed)).status_code == 404
