"""The list of a half-day: found by name and by what is left to do, a page at a time, and left and come back to at the same row."""

import re

import pytest

from milepost.classroom.deciding import decide
from milepost.classroom.doubts import told
from milepost.classroom.presence import trainer_token
from milepost.classroom.registering import register
from milepost.classroom.signing import sign
from milepost.classroom.tests.signatures import signing
from milepost.classroom.views import attendance_list, trainer_device
from milepost.classroom.views import trainer as trainer_views
from milepost.documents.signatures import Signature
from milepost.people.models import Member
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(trainer, morning):
    return f"/room/{trainer_token(trainer)}/{morning.code}/"


@pytest.fixture
def office(session, morning):
    return f"/aldermoor/sessions/{session.uid}/slots/{morning.code}/"


@pytest.fixture
def doubtful(people, row_of, morning):
    """All eight signed with another name than theirs, by name."""
    for person in people:
        sign(attendance=row_of(person), signing=signing(signature=Signature(text="Otto Wieland")))
    return sorted((row_of(person) for person in people), key=lambda row: row.participant.member.family_name)


def who(row):
    return {"who": f"{row.participant.uid}:{row.doubts_seen}"}


def at(row):
    return f"#at-{row.participant.uid}"


def names_on(page):
    return re.findall(r'<strong id="name-\d+"><bdi>([^<]*)', page.text)


# --- The way back -----------------------------------------------------------------------------------------


def test_a_decision_leads_back_to_its_row_which_takes_the_keyboard(doubtful, room, client):
    """The page began at its top again: with the next doubt, whoever decided had to look for where they were."""
    row = doubtful[4]
    answer = client.post(room + "decisions/", who(row) | {"decision": "there"})
    assert answer.url.endswith(at(row))
    page = client.get(answer.url).text
    assert f'id="at-{row.participant.uid}" tabindex="-1" role="group"' in page
    assert page.count('aria-describedby="said-here"') == page.count('id="said-here"') == 1
    said = page.index(f"Noted: {row.participant.member.full_name} was there.")
    assert (
        page.index(f"{doubtful[3].participant.member.full_name}</bdi></strong>")
        < said
        < page.index(f'id="at-{row.participant.uid}"')
    )


def test_taking_a_decision_back_and_noting_lead_back_to_the_row_too(doubtful, room, client, morning, trainer):
    row = doubtful[2]
    decide(slot=morning, seen={str(row.participant.uid): row.doubts_seen}, decision="there", by=trainer.as_reference())
    row.refresh_from_db()
    assert client.post(room + "decisions/", who(row) | {"decision": "undecided"}).url.endswith(at(row))
    row.refresh_from_db()
    assert row.is_in_doubt
    noted = client.post(room + "marks/", {"who": row.participant.uid, "arrived": "09:20"})
    assert noted.url.endswith(at(row))
    assert "Noted for" in client.get(noted.url).text


def test_what_was_refused_is_told_at_its_row(doubtful, room, client):
    row = doubtful[2]
    sent = {"who": row.participant.uid, "arrived": "10:40", "left": "09:20", "why": "Her train was late"}
    answer = client.post(room + "marks/?show=to-decide", sent)
    page = answer.text
    assert (answer.status_code, page.count('<details class="noting" open>')) == (409, 1)
    assert re.search(rf'id="left-{row.pk}"[^>]* aria-invalid="true" value="09:20"', page)
    assert "They would have left before they came." in page
    assert page.count("Her train was late") == 1 and page.count('value="10:40"') == 1  # nothing has to be typed again
    assert len(set(re.findall(r' id="([^"]+)"', page))) == len(re.findall(r' id="([^"]+)"', page))
    assert client.get(room + "marks/?show=to-decide").url == (  # a tab of that page
        f"{room}?show=to-decide&at=attendances#attendances"
    )


def test_whoever_manages_the_session_comes_back_to_the_row_as_well(doubtful, office, lead, visit):
    client, row = visit(lead), doubtful[5]
    assert client.post(office + "decisions/", who(row) | {"decision": "not-there"}).url.endswith(at(row))
    note = {"who": row.participant.uid, "arrived": "09:20"}
    assert client.post(office + "corrections/?q=family", note).url.startswith(f"{office}?q=family&at=")


def test_of_those_to_decide_the_next_one_follows_then_the_last_and_then_nothing_is_left(doubtful, room, client):
    def decided(row):
        sent = who(row) | {"decision": "there"}
        return client.post(f"{room}decisions/?show=to-decide", sent).url

    assert decided(doubtful[2]).endswith(at(doubtful[3]))
    assert decided(doubtful[7]).endswith(at(doubtful[6]))
    for row in doubtful[:2] + doubtful[3:6]:
        decided(row)
    last = decided(doubtful[6])
    assert last.endswith("?show=to-decide&at=attendances#attendances")
    page = client.get(last).text
    assert page.index('id="attendances"') < page.index("Noted: ") < page.index("Nothing is left to decide.")


def test_the_way_back_leads_to_the_page_on_which_the_row_is(doubtful, room, client, monkeypatch):
    monkeypatch.setattr(attendance_list, "ROWS", 3)
    answer = client.post(room + "decisions/?page=1", who(doubtful[7]) | {"decision": "there"})
    assert "page=3" in answer.url
    assert names_on(client.get(answer.url)) == [row.participant.member.full_name for row in doubtful[6:]]


def test_one_tap_for_all_leads_to_the_beginning_of_the_list(doubtful, room, client):
    sent = {"who": [who(row)["who"] for row in doubtful], "decision": "there"}
    assert client.post(room + "decisions/", sent).url == f"{room}?at=attendances#attendances"


def test_enter_in_the_field_of_the_reason_decides_nothing(doubtful, room, client):
    """A browser presses the first button of the form then, which said that they were there."""
    form = re.search(
        r'<form method="post" action="[^"]*decisions/[^"]*">\s*<input[^>]*csrf.*?</form>',
        client.get(room + "?q=family3").text,
        re.DOTALL,
    )[0]
    assert re.search(r"<button[^>]*>", form)[0] == "<button disabled hidden>"


def test_the_next_page_begins_at_the_list_and_not_at_the_code_above_it(doubtful, room, client, monkeypatch):
    monkeypatch.setattr(attendance_list, "ROWS", 3)
    assert re.search(r'rel="next"\s+href="\?page=2#attendances"', client.get(room).text)


# --- What is left -----------------------------------------------------------------------------------------


def test_the_sentence_about_doubts_leads_to_those_that_are_to_be_decided(doubtful, room, client, morning, trainer):
    for row in doubtful[:5]:
        seen = {str(row.participant.uid): row.doubts_seen}
        decide(slot=morning, seen=seen, decision="there", by=trainer.as_reference())
    page = client.get(room).text
    link = re.search(r'<a href="([^"]*)">\s*3 signatures are in doubt', page)[1]
    shown = client.get(room + link)
    assert names_on(shown) == [row.participant.member.full_name for row in doubtful[5:]]
    assert re.search(r'aria-current="page">To decide <span class="kicker">3<', shown.text)
    assert re.search(r'show=decided#attendances"\s*>Decided <span class="kicker">5<', shown.text)


def test_numbers_of_doubts_lead_to_them_from_the_session_and_from_closing(
    doubtful, room, office, lead, client, visit, session
):
    link = "?show=to-decide#attendances"
    assert f'{room}{link}">8 in doubt' in client.get(room.removesuffix(room.split("/")[-2] + "/")).text
    assert f'{room}{link}">Say whether' in client.get(room + "closure/").text
    assert f'{office}{link}">8 in doubt' in visit(lead).get(f"/aldermoor/sessions/{session.uid}/").text


def test_while_doubts_wait_the_half_day_says_what_is_left(
    doubtful, room, office, lead, client, visit, morning, trainer
):
    """It said that all are settled."""
    for page in (client.get(room), client.get(room + "closure/"), visit(lead).get(office)):
        assert "What is left: 8 signatures to decide about." in page.text
    seen = {str(row.participant.uid): row.doubts_seen for row in doubtful}
    decide(slot=morning, seen=seen, decision="there", by=trainer.as_reference())
    assert "Everybody has signed or is noted." in client.get(room).text
    assert "What is left" not in client.get(room).text


def test_one_tap_decides_about_the_page_and_says_so_where_more_wait(doubtful, room, client, monkeypatch):
    assert "All 8 were there" in client.get(room).text
    monkeypatch.setattr(attendance_list, "ROWS", 3)
    page = client.get(room)
    assert "8 signatures are in doubt" in page.text
    assert "The 3 on this page were there" in page.text


def test_who_decided_is_said_once_at_a_row(doubtful, room, client, morning, trainer):
    row = doubtful[0]
    seen = {str(row.participant.uid): row.doubts_seen}
    decide(slot=morning, seen=seen, decision="not-there", by=trainer.as_reference())
    assert client.get(room).text.count("says Tess Okafor") == 1


# --- Many -------------------------------------------------------------------------------------------------


def test_a_list_of_many_comes_in_pages_at_the_same_cost(
    doubtful, room, client, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(attendance_list, "ROWS", 3)
    with django_assert_max_num_queries(13):
        page = client.get(room + "?page=2")
    assert names_on(page) == [row.participant.member.full_name for row in doubtful[3:6]]
    assert "Page 2 of 3" in page.text
    news = re.search(r'hx-get="[^"]*(list/\?[^"]*)"', page.text)[1].replace("&amp;", "&")
    assert client.get(room + news).status_code == 204
    shown = client.get(room + news.replace("fingerprint=", "fingerprint=x"))
    assert names_on(shown) == names_on(page)
    assert "fingerprint" not in re.search(r'rel="next"\s+href="([^"]*)"', shown.text)[1]


def test_the_live_list_comes_anew_for_what_changes_on_another_page_too(people, row_of, room, client, monkeypatch):
    monkeypatch.setattr(attendance_list, "ROWS", 3)
    shown = client.get(room).context["list_fingerprint"]
    sign(attendance=row_of(people[7]), signing=signing())
    assert "1 of 8 have signed." in client.get(room + "list/", {"fingerprint": shown}).text


def test_somebody_is_found_by_name_whatever_accents_and_not_by_what_only_their_employer_knows(
    room, client, session, organisation, morning
):
    member = make_member(organisation, "zoe", job_title="Crane driver")
    register(session=session, member=member)
    assert names_on(client.get(room, {"q": "NYGARD zo"})) == ["Zoe Nygård"]
    for text in ("crane", "zoe@aldermoor.example"):
        page = client.get(room, {"q": text})
        assert names_on(page) == []
        assert f"Nobody called “{text}” is here." in page.text


def test_whoever_sees_results_and_decides_nothing_gets_no_list_of_doubts(doubtful, office, visit, organisation):
    page = visit(make_member(organisation, "iris", roles=["auditor"])).get(f"{office}?show=to-decide")
    assert len(names_on(page)) == 8
    assert "To decide" not in page.text and "Otto Wieland" not in page.text


def test_whoever_closes_reads_the_first_names_and_how_many_more(room, people, client, monkeypatch, morning):
    monkeypatch.setattr(trainer_views, "NAMED", 5)
    page = client.get(room + "closure/").text
    assert page.count("<li>Given") == 5
    assert re.search(r'\?show=missing#attendances">\s*and 3 more</a>', page)


def test_the_device_that_is_handed_round_has_a_page_of_names_and_finds_the_others(
    room, client, people, monkeypatch, morning
):
    assert 'role="search"' not in client.get(room + "device/").text
    monkeypatch.setattr(trainer_device, "HANDED_ROUND", 5)
    page = client.get(room + "device/").text
    assert page.count("data-who=") == 5
    assert 'role="search"' in page and "Page 1 of 2" in page
    assert client.get(room + "device/", {"q": "family7"}).text.count("data-who=") == 1


def test_doubts_are_told_without_reading_every_signature_of_the_session(
    morning, people, row_of, django_assert_max_num_queries
):
    """Ten thousand were read to name one."""
    for number, person in enumerate(people):
        sign(attendance=row_of(person), signing=signing(devices=(str(number // 2) * 64,)))
    row = row_of(people[0])
    with django_assert_max_num_queries(2) as captured:
        assert told([row])[row.pk][0] == f"Signed on the same phone or computer as {people[1].full_name}."
    assert any('"device" IN' in query["sql"] for query in captured.captured_queries)


# --- Words ------------------------------------------------------------------------------------------------


def test_how_somebody_signed_is_said_in_plain_words(row_of, people, room, client, morning):
    sign(attendance=row_of(people[0]), signing=signing())
    assert re.search(r"signed at \d\d:\d\d · by scanning the projected code", client.get(room).text)
    page = client.get(room, headers={"Accept-Language": "fr"}).text
    assert "en scannant le code projeté" in page


def test_a_trainer_finds_by_names_in_any_script_and_by_no_part_of_an_address(people, room, client):
    """What stands behind the name began within the letters that were looked at, and some scripts take more of those."""
    person = people[0]
    person.given_name, person.family_name, person.email = "준혁찬호", "남궁황보", "quill@aldermoor.example"
    person.save()
    assert (
        names_on(client.get(room + "?q=남궁황보")) == names_on(client.get(room + "?q=준혁찬호")) == [person.full_name]
    )
    assert names_on(client.get(room + "?q=qui")) == []
    assert names_on(client.get(room + "?q=%0A")) == names_on(client.get(room))
    Member.objects.filter(pk=people[1].pk).update(given_name="Ann", family_name="Ek", email="quill2@aldermoor.example")
    Member.objects.get(pk=people[1].pk).save()
    assert names_on(client.get(room + "?q=qui")) == []
