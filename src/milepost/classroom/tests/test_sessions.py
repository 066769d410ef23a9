import email
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from milepost.classroom import expecting
from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.invitations import invite_due
from milepost.classroom.models import Attendance, Participant, Way
from milepost.classroom.registering import RegistrationRefused, leave, register, register_many
from milepost.classroom.reminding import remind_due
from milepost.classroom.scheduling import (
    Holder,
    InvalidSession,
    Plan,
    SlotHasSignatures,
    cancel_session,
    change_session,
    half_days,
    remove_trainer,
    schedule_session,
)
from milepost.classroom.signing import Circumstances, Signing, sign
from milepost.classroom.tests.signatures import signing
from milepost.core import clock
from milepost.documents.signatures import Signature
from milepost.notices.sending import send_due
from milepost.people.settings import change
from tests.worlds import make_member, verbs

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}'


def plan_of(session, **changes):
    usual = {
        "title": session.title,
        "spans": [(s.starts_at, s.ends_at) for s in session.slots.all()],
        "place": session.place,
    }
    return Plan(**(usual | changes))


def mail_due():
    """What the background does: say what is due, and send it. Returns how many mails went out."""
    invite_due()
    remind_due()
    return send_due()


def calendars_in(message):
    """The iCalendar parts of a mail, with the method that their type names."""
    whole = email.message_from_bytes(message.message().as_bytes())
    parts = [part for part in whole.walk() if part.get_content_type() == "text/calendar"]
    return [(part.get_param("method"), Calendar.from_ical(part.get_payload(decode=True))) for part in parts]


def test_a_session_has_two_half_days_and_expects_everybody_at_both(session, people):
    assert [str(slot.hours) for slot in session.slots.all()] == ["09:00–12:30", "13:30–17:00"]
    assert Attendance.objects.filter(slot__session=session).count() == 2 * len(people)
    assert session.reference == "S-0001"


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        ([], "at least one half-day"),
        ([(12, 9)], "ends before it starts"),
        ([(9, 12), (11, 14)], "Half-day 2 begins before"),
        ([(0, 23)], "longer than twelve hours"),
    ],
)
def test_hours_that_can_not_be_are_refused_with_the_half_day_that_is_meant(organisation, lead, spans, complaint):
    day = datetime(2026, 11, 26, tzinfo=PARIS)
    instants = [(day.replace(hour=start), day.replace(hour=end)) for start, end in spans]
    with pytest.raises(InvalidSession, match=complaint):
        schedule_session(organisation=organisation, plan=Plan(title="T", spans=instants), by=lead)


def test_the_last_seat_goes_to_one_and_who_waits_longest_moves_up(organisation, lead, people):
    spans = half_days(date(2026, 11, 26), PARIS)
    made = schedule_session(organisation=organisation, plan=Plan(title="Small", spans=spans, capacity=2), by=lead)
    assert register_many(session=made, members=people[:4], by=lead) == 4
    statuses = list(made.participants.order_by("pk").values_list("status", flat=True))
    assert statuses == ["seated", "seated", "waiting", "waiting"]
    promoted = leave(participant=made.participants.order_by("pk")[0], by=lead)
    assert promoted.member == people[2]
    assert Attendance.objects.filter(participant=promoted).count() == 2
    assert register(session=made, member=people[0]).status == Participant.Status.WAITING


def test_registering_1000_people_takes_a_few_statements(organisation, lead, django_assert_max_num_queries):
    from milepost.people.models import Member
    from tests.worlds import make_people

    make_people(organisation, 1000)
    spans = half_days(date(2026, 11, 26), PARIS)
    made = schedule_session(organisation=organisation, plan=Plan(title="Large", spans=spans), by=lead)
    everybody = Member.objects.filter(organisation=organisation, user=None)
    with django_assert_max_num_queries(40):
        assert register_many(session=made, members=everybody, by=lead) == 1000
    assert Attendance.objects.filter(slot__session=made).count() == 2000


def test_registering_twice_changes_nothing(session, people, organisation):
    before = verbs(organisation)
    assert register_many(session=session, members=people) == 0
    assert verbs(organisation) == before


def test_an_invitation_is_an_event_for_the_day_with_the_organisation_s_zone(session, people, mailoutbox):
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        assert mail_due() == len(people) + 1
        assert mail_due() == 0
    [(method, calendar)] = calendars_in(next(m for m in mailoutbox if m.to == ["n0@aldermoor.example"]))
    [event] = calendar.events
    assert method == calendar.method == "REQUEST"
    assert (event.start, event.end) == (
        datetime(2026, 11, 26, 9, tzinfo=PARIS),
        datetime(2026, 11, 26, 17, tzinfo=PARIS),
    )
    assert [zone.tz_name for zone in calendar.timezones] == ["Europe/Paris"]
    assert event.sequence == 0
    assert event["ATTENDEE"].email == "n0@aldermoor.example"
    assert event["ORGANIZER"].CN == "Aldermoor"


def test_a_change_sends_the_same_event_with_a_higher_sequence_and_takes_back_a_day_that_is_gone(
    session, lead, mailoutbox
):
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        mail_due()
        first = calendars_in(mailoutbox[0])[0][1].events[0]
        mailoutbox.clear()
        spans = half_days(date(2026, 11, 27), PARIS)
        change_session(session=session, plan=plan_of(session, spans=spans, place="Library"), by=lead)
        mail_due()
        parts = dict(calendars_in(mailoutbox[0]))
    new, old = parts["REQUEST"].events[0], parts["CANCEL"].events[0]
    assert (new.sequence, new["LOCATION"], new.start.day) == (1, "Library", 27)
    assert old["UID"] == first["UID"] != new["UID"]
    assert old.sequence > first.sequence
    assert old["STATUS"] == "CANCELLED"
    assert mailoutbox[0].subject.startswith("Changed: Evacuation drill")


def test_a_plan_that_changes_nothing_tells_nobody(session, lead, mailoutbox):
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        mail_due()
        mailoutbox.clear()
        assert change_session(session=session, plan=plan_of(session), by=lead).sequence == 0
        assert mail_due() == 0


def test_who_gives_their_seat_up_gets_a_cancellation_and_nobody_else(session, people, mailoutbox):
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        mail_due()
        mailoutbox.clear()
        leave(participant=session.participants.get(member=people[3]))
        assert mail_due() == 1
    [(method, calendar)] = calendars_in(mailoutbox[0])
    assert (mailoutbox[0].to, method) == (["n3@aldermoor.example"], "CANCEL")
    assert calendar.events[0]["STATUS"] == "CANCELLED"


def test_a_cancelled_session_tells_everybody_why(session, lead, people, mailoutbox):
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        mail_due()
        mailoutbox.clear()
        with pytest.raises(InvalidSession, match="Say why"):
            cancel_session(session=session, reason="  ", by=lead)
        cancel_session(session=session, reason="The hall is flooded.", by=lead)
        assert mail_due() == len(people) + 1
        assert mail_due() == 0
    assert all("The hall is flooded." in message.body for message in mailoutbox)
    with pytest.raises(RegistrationRefused):
        register(session=session, member=lead)


def test_after_an_outage_everybody_hears_once_how_it_stands_now(session, lead, people, mailoutbox):
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        invite_due()
        spans = half_days(date(2026, 11, 27), PARIS)
        change_session(session=session, plan=plan_of(session, spans=spans, place="Library"), by=lead)
        leave(participant=session.participants.get(member=people[3]))
        assert mail_due() == len(people)  # the trainer too, and not the one whose invitation never left
    assert not any(message.subject.startswith(("Changed", "Cancelled")) for message in mailoutbox)
    assert [method for message in mailoutbox for method, _calendar in calendars_in(message)] == ["REQUEST"] * len(
        people
    )


def test_the_mails_of_a_session_can_be_looked_at_before_there_is_one(visit, lead, organisation):
    client = visit(lead)
    for kind in ("session_invitation", "session_soon", "attendance_link", "signature_missing"):
        assert "Evacuation drill" in client.get("/aldermoor/messages/preview/", {"kind": kind}).text


def test_links_go_out_at_the_start_and_a_reminder_half_an_hour_after_the_end(
    session, slots, people, row_of, mailoutbox
):
    with clock.at(slots[0].starts_at - timedelta(minutes=5)):
        mail_due()
    mailoutbox.clear()
    with clock.at(slots[0].starts_at + timedelta(minutes=1)):
        assert mail_due() == len(people)
        assert mail_due() == 0
        assert all(re.search(r"/sign/[\w.-]{45}/", message.body) for message in mailoutbox)
        sign(
            attendance=row_of(people[0]),
            signing=Signing(Signature.read(DRAWN), Way.LINK, "I was there.", Circumstances()),
        )
    mailoutbox.clear()
    with clock.at(slots[0].ends_at + timedelta(minutes=29)):
        assert mail_due() == 0
    with clock.at(slots[0].ends_at + timedelta(minutes=31)):
        assert mail_due() == len(people) - 1
    assert all(message.subject.startswith("Your signature is missing") for message in mailoutbox)


def test_the_reminder_before_comes_once_a_day_of_the_session_when_the_organisation_wants_it(
    session, slots, people, mailoutbox
):
    change(organisation=session.organisation, values={"remind_before": 60})
    with clock.at(slots[0].starts_at - timedelta(minutes=90)):
        mail_due()
    mailoutbox.clear()
    with clock.at(slots[0].starts_at - timedelta(minutes=59)):
        assert mail_due() == len(people)
    assert mailoutbox[0].subject.startswith("Soon: Evacuation drill")


def test_a_half_day_that_was_signed_keeps_its_hours(session, morning, people, row_of, lead):
    sign(
        attendance=row_of(people[0]), signing=Signing(Signature.read(DRAWN), Way.LINK, "I was there.", Circumstances())
    )
    with pytest.raises(SlotHasSignatures):
        change_session(session=session, plan=plan_of(session, spans=half_days(date(2026, 11, 27), PARIS)), by=lead)
    with pytest.raises(InvalidSession, match="it took place"):
        cancel_session(session=session, reason="No.", by=lead)
    with pytest.raises(RegistrationRefused):
        leave(participant=session.participants.get(member=people[0]))


def test_who_stayed_away_does_not_leave_the_list_afterwards(session, morning, people, row_of, trainer, lead):
    """Their row of a half-day that was closed was deleted, and nobody had been absent."""
    away, other = row_of(people[0]), row_of(people[1])
    with pytest.raises(RegistrationRefused, match="has begun"):
        leave(participant=away.participant)
    leave(participant=other.participant, by=lead)  # who was on the list by mistake
    close_slot(slot=morning, trainer=trainer, signing=signing())
    for by in (None, lead):
        with pytest.raises(RegistrationRefused, match="stays on record"):
            leave(participant=away.participant, by=by)
    assert Attendance.objects.filter(slot=morning).count() == len(people) - 1


@pytest.mark.parametrize(
    "noted",
    [
        Change("present"),
        Change("absent"),
        Change(arrived_at=datetime(2026, 11, 26, 9, 30, tzinfo=PARIS)),
    ],
)
def test_a_half_day_of_which_something_was_noted_keeps_its_hours(session, morning, people, row_of, lead, noted):
    """Moving it deleted whom somebody had answered for."""
    change_attendance(attendance=row_of(people[0]), change=noted, by=lead.as_reference(), why="I saw them.")
    with pytest.raises(SlotHasSignatures):
        change_session(session=session, plan=plan_of(session, spans=half_days(date(2026, 11, 27), PARIS)), by=lead)
    with pytest.raises(RegistrationRefused, match="stays on record"):
        leave(participant=session.participants.get(member=people[0]), by=lead)
    if noted.state == "present":
        with pytest.raises(InvalidSession, match="it took place"):
            cancel_session(session=session, reason="No.", by=lead)


def test_a_signature_that_was_put_aside_stays_with_its_half_day(session, morning, people, row_of, lead):
    sign(
        attendance=row_of(people[0]), signing=Signing(Signature.read(DRAWN), Way.LINK, "I was there.", Circumstances())
    )
    change_attendance(attendance=row_of(people[0]), change=Change("missing"), by=lead.as_reference(), why="Not she.")
    with pytest.raises(SlotHasSignatures):
        change_session(session=session, plan=plan_of(session, spans=half_days(date(2026, 11, 27), PARIS)), by=lead)


def test_the_feed_holds_what_one_takes_part_in(session, people, client):
    from milepost.classroom.calendar_feeds import renew_feed
    from milepost.classroom.presence import feed_link

    address = feed_link(renew_feed(member=people[0]))
    response = client.get(address.partition("://")[2].partition("/")[2].join(["/", ""]))
    calendar = Calendar.from_ical(response.content)
    assert "Evacuation drill" in [str(event["SUMMARY"]) for event in calendar.events]
    assert client.get("/calendar/" + "x" * 43 + ".ics").status_code == 404


def test_a_trainer_who_is_removed_finds_their_link_closed(session, trainer, lead, client):
    from milepost.classroom.presence import trainer_token

    address = f"/room/{trainer_token(trainer)}/"
    assert client.get(address).status_code == 200
    remove_trainer(trainer=trainer, by=lead)
    assert client.get(address).status_code == 404


def test_a_member_who_holds_a_session_has_to_be_signed_in_as_themselves(session, organisation, lead, visit, client):
    from milepost.classroom.presence import trainer_token
    from milepost.classroom.scheduling import add_trainer

    coach = make_member(organisation, "coach", roles=["trainer"])
    address = f"/room/{trainer_token(add_trainer(session=session, holder=Holder(coach), by=lead))}/"
    assert client.get(address).url.startswith("/accounts/login/")
    assert visit(lead).get(address).status_code == 404
    assert visit(coach).get(address).status_code == 200


def test_days_follow_the_session_s_zone(session):
    assert [day.isoformat() for day in session.slots_by_day] == ["2026-11-26"]


def test_a_further_half_day_is_to_be_signed_by_everybody_who_has_a_seat_each_as_if_it_had_been_there_before(
    organisation, session, slots, lead, people, django_assert_max_num_queries
):
    leave(participant=session.participants.get(member=people[7]), by=lead)
    spans = [(slot.starts_at, slot.ends_at) for slot in slots]
    later = (spans[-1][1] + timedelta(hours=1), spans[-1][1] + timedelta(hours=3))
    plan = Plan(title=session.title, spans=[*spans, later], place=session.place)
    with django_assert_max_num_queries(25):
        change_session(session=session, plan=plan, by=lead)
    rows = Attendance.objects.filter(slot__session=session)
    assert rows.count() == 3 * 7 == rows.values("uid").distinct().count()
    made = rows.get(slot__starts_at=later[0], participant__member=people[0])
    fresh = Attendance(organisation=organisation, slot=made.slot, participant=made.participant)
    other = {"id", "uid"}
    values = [
        {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name not in other}
        for row in (made, fresh)
    ]
    assert values[0] == values[1]


def test_more_half_days_than_anybody_waits_for_are_added_a_few_at_a_time(session, slots, lead, monkeypatch, visit):
    monkeypatch.setattr(expecting, "MOST", 16)  # two half-days for eight people
    spans = [(slot.starts_at, slot.ends_at) for slot in slots]
    later = [(spans[-1][1] + timedelta(hours=n), spans[-1][1] + timedelta(hours=n + 1)) for n in (1, 2, 3)]
    with pytest.raises(expecting.TooManyAtOnce, match="Add up to 2, save, then the next"):
        change_session(session=session, plan=Plan(title="Drill", spans=[*spans, *later]), by=lead)
    assert session.slots.count() == 2
    change_session(session=session, plan=Plan(title="Drill", spans=[*spans, *later[:2]]), by=lead)
    assert session.slots.count() == 4
