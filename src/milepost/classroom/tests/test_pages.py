import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from milepost.classroom.closing import close_slot
from milepost.classroom.invitations import invite_due
from milepost.classroom.models import LiveSession, Participant, Way
from milepost.classroom.presence import trainer_link
from milepost.classroom.registering import register
from milepost.classroom.rules import Rules
from milepost.classroom.scheduling import Plan, half_days, schedule_session
from milepost.classroom.signing import Signing, sign
from milepost.core import clock
from milepost.documents.signatures import Signature
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol
from milepost.learning.models import Enrolment
from milepost.notices.sending import send_due
from milepost.people.models import Organisation
from milepost.people.settings import change
from tests.worlds import make_course, make_member, once_of

pytestmark = pytest.mark.django_db
NEW = {
    "title": "Ladders, hands on",
    "form": "room",
    "place": "Depot 3",
    "provider": "",
    "language": "en",
    "capacity": "12",
    "day": ["2026-12-01", "2026-12-01", ""],
    "start": ["09:00", "13:30", "09:00"],
    "end": ["12:00", "17:00", "12:00"],
}
BLENDED = {
    "course.md": "---\ntitle: Blended\nslug: blended\nsummary: Both.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-drill.live.md": "---\ntitle: The drill\nattendance: 80\n---\n\nWear shoes.\n",
}
SIGNING = Signing(Signature(text="Jonas"), Way.LINK, "I was there.")


def test_a_session_is_scheduled_from_the_page(visit, lead):
    page = visit(lead).post("/aldermoor/sessions/new/", NEW, follow=True)
    assert "Scheduled." in page.text
    made = LiveSession.objects.get()
    assert [slot.hours for slot in made.slots.all()] == ["09:00–12:00", "13:30–17:00"]
    assert made.capacity == 12


def test_a_session_is_scheduled_once_however_often_its_form_is_sent(visit, lead):
    client = visit(lead)
    key = once_of(client.get("/aldermoor/sessions/new/"))
    pages = [client.post("/aldermoor/sessions/new/", NEW | key) for _pressed in range(2)]
    assert pages[0].url == pages[1].url
    client.post("/aldermoor/sessions/new/", NEW | key | {"title": "Another"})
    assert LiveSession.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"title": ""}, "This field is required"),
        ({"day": ["", "", ""]}, "at least one half-day"),
        ({"start": ["9 o’clock", "13:30", "09:00"]}, "Half-day 1: give its day"),
        ({"start": ["12:30", "13:30", "09:00"]}, "ends before it starts"),
        ({"place": ""}, "Say where people meet"),
        ({"provider": "link"}, "Paste the link"),
        ({"provider": "link", "address": "javascript:alert(1)"}, "valid URL"),
        ({"provider": "carrier-pigeon"}, "valid choice"),
    ],
)
def test_what_is_wrong_is_said_on_the_page_and_nothing_is_made(visit, lead, change, complaint):
    page = visit(lead).post("/aldermoor/sessions/new/", NEW | change)
    assert page.status_code == 400
    assert complaint in page.text
    assert "Ladders, hands on" in page.text or "title" in change
    assert not LiveSession.objects.exists()


def test_people_are_added_by_filter_or_one_by_one(visit, lead, session, organisation):
    client = visit(lead)
    member = make_member(organisation, "zoe")
    page = client.get(f"/aldermoor/sessions/{session.uid}/participants/", {"q": "zoe"})
    assert "Zoe Nygård" in page.text
    client.post(f"/aldermoor/sessions/{session.uid}/participants/", {"member": [str(member.uid)]})
    assert session.participants.filter(member=member, status="seated").exists()


def test_a_trainer_from_outside_gets_their_link_by_mail(visit, lead, session, mailoutbox):
    client = visit(lead)
    client.post(
        f"/aldermoor/sessions/{session.uid}/trainers/", {"email": "kofi@outside.example", "name": "Kofi Mensah"}
    )
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        invite_due()
        send_due()
    [message] = [message for message in mailoutbox if message.to == ["kofi@outside.example"]]
    assert "/room/" in message.body


@pytest.mark.parametrize(
    ("form", "sent", "field", "complaint"),
    [
        ("trainers", {"email": "no address", "name": "Kofi"}, "email", "needs an e-mail address"),
        ("trainers", {"email": "kofi@outside.example", "name": " "}, "name", "needs a name"),
        ("logs", {"file": SimpleUploadedFile("log.csv", b"nothing")}, "log", "No list of participants was found"),
        ("logs", {}, "log", "Choose a file first."),
        ("logs", {"file": SimpleUploadedFile("log.csv", b"")}, "log", "“log.csv” is empty."),
        ("documents", {}, "document", "Choose"),
    ],
)
def test_what_is_wrong_in_a_form_stands_beside_its_field(visit, lead, session, form, sent, field, complaint):
    client, address = visit(lead), f"/aldermoor/sessions/{session.uid}/"
    page = client.post(f"{address}{form}/", sent)
    assert page.status_code == 400
    assert re.search(rf'<input id="{field}"[^>]*aria-describedby="{field}-error" aria-invalid="true"', page.text)
    assert page.text.count('aria-invalid="true"') == 1
    assert complaint in re.search(rf'id="{field}-error">([^<]*)', page.text)[1]
    for name in ("email", "name"):
        assert not sent.get(name, "").strip() or f'value="{sent[name]}"' in page.text
    assert client.get(f"{address}{form}/").url == address  # where a change of language leads back to


def test_a_half_day_that_is_over_and_open_says_who_closes_it(visit, lead, session, slots):
    client, page = visit(lead), f"/aldermoor/sessions/{session.uid}/slots/{slots[0].code}/"
    words = "The trainer signs and closes this half-day"
    with clock.at(slots[0].starts_at):
        assert words not in client.get(page).text
    with clock.at(slots[0].ends_at + timedelta(hours=1)):
        assert words in client.get(page).text


def test_a_learner_sees_their_own_sessions_and_gives_a_seat_up(visit, session, organisation):
    learner = make_member(organisation, "jonas")
    client = visit(learner)
    with clock.at(datetime(2026, 11, 20, tzinfo=UTC)):
        assert "No live session is planned for you." in client.get("/aldermoor/sessions/").text
        assert client.get(f"/aldermoor/sessions/{session.uid}/").status_code == 404
        register(session=session, member=learner)
        assert "Next: “Evacuation drill”, 26 November." in client.get("/aldermoor/sessions/").text
        page = client.get(f"/aldermoor/sessions/{session.uid}/")
        assert "Given1 Family1" not in page.text
        client.post(f"/aldermoor/sessions/{session.uid}/departure/", {})
    assert Participant.objects.get(member=learner).status == "left"


def test_a_learner_takes_nobody_else_s_seat_away(visit, session, organisation, people):
    learner = make_member(organisation, "jonas")
    register(session=session, member=learner)
    other = session.participants.get(member=people[0])
    visit(learner).post(f"/aldermoor/sessions/{session.uid}/departure/", {"who": str(other.uid)})
    other.refresh_from_db()
    assert other.status == "seated"


def test_only_whom_the_organisation_lets_makes_sessions(visit, organisation):
    trainer = make_member(organisation, "coach", roles=["trainer"])
    assert visit(trainer).get("/aldermoor/sessions/new/").status_code == 403
    change(organisation=organisation, values={"trainer_rights": ["change-sessions"]})
    assert visit(trainer).get("/aldermoor/sessions/new/").status_code == 200


def test_the_rules_are_set_on_their_page_and_recorded(visit, lead, organisation):
    values = {"ways": ["projected", "trainer"], "remind_before": "60", "remind_unsigned": "start", "kept_years": "5"}
    values |= {"page": "live-sessions"}
    assert "Between 15 minutes" in visit(lead).post("/aldermoor/settings/", values | {"remind_before": "5"}).text
    visit(lead).post("/aldermoor/settings/", values)
    rules = Rules.of(
        Organisation.objects.get(pk=organisation.pk)
    )  # as anybody loads it, who had read no setting before
    assert (rules.ways, rules.trainer_rights, rules.remind_before, rules.mails_link) == (
        ["projected", "trainer"],
        [],
        60,
        False,
    )


def test_a_document_is_there_for_those_who_take_part(visit, lead, session):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = visit(lead)
    client.post(
        f"/aldermoor/sessions/{session.uid}/documents/", {"file": SimpleUploadedFile("plan.pdf", b"%PDF- plan")}
    )
    document = session.documents.get()
    served = client.get(f"/aldermoor/sessions/{session.uid}/documents/{document.uid}/")
    assert b"".join(served.streaming_content) == b"%PDF- plan"
    trainer_page = trainer_link(session.trainers.get()).removeprefix("http://localhost:8000")
    assert "plan.pdf" in Client().get(trainer_page).text
    assert b"".join(Client().get(f"{trainer_page}documents/{document.uid}/").streaming_content) == b"%PDF- plan"


def test_a_live_step_is_done_by_being_there(visit, lead, organisation):
    course = make_course(organisation, BLENDED, by=lead)
    learner = make_member(organisation, "jonas")
    enrol(member=learner, course=course, by=lead)
    day = (clock.now() + timedelta(days=3)).date()
    from zoneinfo import ZoneInfo

    made = schedule_session(
        organisation=organisation,
        by=lead,
        plan=Plan(
            title="The drill",
            spans=half_days(day, ZoneInfo("Europe/Paris")),
            place="Depot",
            course=course,
            activity_key="01-first/01-drill",
        ),
    )
    client, page = visit(learner), "/aldermoor/learn/blended/01-first/01-drill/"
    assert "Choose a date" in client.get(page).text
    assert "You have a seat." in client.post(page + "seat/", {"session": str(made.uid)}, follow=True).text
    trainer = made.trainers.create(organisation=organisation, session=made, name="Tess")
    for slot in made.slots.select_related("session__organisation"):
        row = slot.attendances.select_related("slot__session", "participant__member").get()
        with clock.at(slot.starts_at):
            sign(attendance=row, signing=SIGNING)
        with clock.at(slot.ends_at):
            close_slot(slot=slot, trainer=trainer, signing=SIGNING)
    assert Enrolment.objects.get(member=learner).completed_at is None
    deliver_all()
    assert Enrolment.objects.get(member=learner).completed_at is not None
    assert "You were there." in client.get(page).text


@pytest.mark.parametrize("minutes", [5, 240, 600])
def test_whoever_stayed_at_home_takes_no_seat_once_the_session_has_begun(visit, lead, organisation, minutes):
    """They took one in the evening, signed from their own page, and the step was done."""
    course = make_course(organisation, BLENDED, by=lead)
    learner = make_member(organisation, "jonas")
    enrol(member=learner, course=course, by=lead)
    now = clock.now()
    made = schedule_session(
        organisation=organisation,
        by=lead,
        plan=Plan(
            title="The drill",
            spans=[(now - timedelta(minutes=minutes), now - timedelta(minutes=minutes - 200))],
            place="Depot",
            course=course,
            activity_key="01-first/01-drill",
        ),
    )
    client, page = visit(learner), "/aldermoor/learn/blended/01-first/01-drill/"
    client.get(page)
    told = client.post(page + "seat/", {"session": str(made.uid)}, follow=True).text
    assert "Choose a date that has not begun yet." in told and not made.participants.exists()


def test_the_page_of_all_sessions_costs_the_same_for_one_and_for_thirty(
    visit, lead, session, organisation, django_assert_max_num_queries
):
    from zoneinfo import ZoneInfo

    for number in range(30):
        spans = half_days((datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=number)).date(), ZoneInfo("Europe/Paris"))
        schedule_session(organisation=organisation, plan=Plan(title=f"T{number}", spans=spans, place="x"), by=lead)
    client = visit(lead)
    with django_assert_max_num_queries(16):
        assert "T29" in client.get("/aldermoor/sessions/").text


def test_nobody_is_added_when_nobody_was_ticked(visit, lead, session, organisation):
    make_member(organisation, "zoe")
    client, page = visit(lead), f"/aldermoor/sessions/{session.uid}/participants/"
    before = session.participants.count()
    answer = client.post(page, {"q": "zoe"})
    assert (answer.status_code, "Nobody is ticked." in answer.text) == (400, True)
    assert session.participants.count() == before
    client.post(page, {"q": "zoe", "all": "1"})
    assert session.participants.count() == before + 1


def test_the_list_of_sessions_says_which_go_on_and_which_are_to_be_closed(visit, lead, slots):
    client = visit(lead)

    def state():
        return re.findall(r'<span class="pill[^"]*">([^<]+)</span>', client.get("/aldermoor/sessions/").text)

    with clock.at(slots[0].starts_at - timedelta(hours=2)):
        assert state() == ["planned"]
    with clock.at(slots[0].starts_at + timedelta(minutes=5)):
        assert state() == ["under way"]
    with clock.at(slots[-1].ends_at + timedelta(hours=2)):
        assert state() == ["to be closed"]


def test_a_persons_page_links_to_sessions_only_for_whoever_may_open_them(visit, lead, organisation, session, people):
    page, link = f"/aldermoor/people/{people[0].uid}/", f'href="/aldermoor/sessions/{session.uid}/"'
    hr = make_member(organisation, "ravi", roles=["hr"])
    assert link in visit(lead).get(page).text
    answer = visit(hr).get(page).text
    assert (session.title in answer, link in answer) == (True, False)


def test_options_begin_with_a_capital_letter(visit, lead, session, slots):
    client = visit(lead)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    for path in ("sessions/new/", "settings/", f"sessions/{session.uid}/slots/{slots[0].code}/"):
        options = re.findall(r"<option[^>]*>\s*([^<]+)", client.get(f"/aldermoor/{path}").text)
        assert options and [option for option in options if option[0].islower()] == [], path


def test_nobody_is_ticked_or_added_until_somebody_says_whom(visit, lead, session, organisation):
    make_member(organisation, "zoe")
    client, page = visit(lead), f"/aldermoor/sessions/{session.uid}/participants/"
    before, begun = session.participants.count(), client.get(page).text
    assert "Nobody is chosen yet." in begun and "Zoe" not in begun and 'name="all"' not in begun
    assert "Nobody was chosen" in client.post(page, {"all": "1"}, follow=True).text
    assert session.participants.count() == before
    assert "Zoe" in client.get(page, {"q": ""}).text
