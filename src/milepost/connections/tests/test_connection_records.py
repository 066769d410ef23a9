"""A paper for each person that tells when they were at the course of an action, what they did there, and what counts of it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from milepost import verify as verifier
from milepost.classroom.hours import hours_done
from milepost.connections import drawing_up, typesetting
from milepost.connections.models import ConnectionRecord
from milepost.connections.typesetting import page_of
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.contributions import scope_of
from milepost.evidence.dossiers import build
from milepost.evidence.readiness import readiness_of
from milepost.evidence.tests.archives import contents, rewritten
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import keys
from milepost.journal.erasing import erase
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity, open_activity, take_back_activity
from milepost.people.models import Member
from milepost.verify.learning import Learning
from milepost.verify.pdf_seals import attached
from tests.disks import room_for
from tests.second_verifier import answers
from tests.worlds import make_course

pytestmark = pytest.mark.django_db
ONLINE = {
    "course.md": "---\ntitle: Evacuation\nslug: evacuation\nsummary: Out.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-read.page.md": "---\ntitle: Read the plan\nminutes: 20\n---\n\nThis way out.\n",
    "01-first/02-look.page.md": "---\ntitle: Look around\nminutes: 15\n---\n\nWhere is the door?\n",
    "01-first/03-check.quiz.md": "---\ntitle: Check\nminutes: 10\npass_mark: 50\nattempts: 2\n---\n\n## One and one?\n\n= 2\n",
}
READ, LOOK, CHECK = "01-first/01-read", "01-first/02-look", "01-first/03-check"
LAST = date(2026, 11, 20)
OVER = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def course(organisation, lead):
    with clock.at(datetime(2026, 11, 1, 9, tzinfo=UTC)):
        return make_course(organisation, ONLINE, by=lead)


@pytest.fixture
def action(organisation, lead, people, course):
    """All four are in it; nobody has begun."""
    with clock.at(datetime(2026, 11, 2, 9, tzinfo=UTC)):
        enrol_many(members=Member.objects.filter(pk__in=[one.pk for one in people]), course=course, by=lead)
        plan = ActionPlan(
            title="Evacuation",
            profile="fr",
            starts_on=date(2026, 11, 2),
            ends_on=LAST,
            minutes=45,
            course=course,
            takes_course=True,
        )
        return open_action(organisation=organisation, plan=plan, by=lead)


def enrolment_of(member):
    return Enrolment.objects.select_related("member", "course", "organisation").get(member=member)


def step(member, key, hour, minute=0, day=10, done=True, **scored):
    """Open an activity at this minute, and do it five minutes later."""
    enrolment = enrolment_of(member)
    activity = enrolment.outline.by_key[key]
    with clock.at(datetime(2026, 11, day, hour, minute, tzinfo=UTC)):
        open_activity(enrolment=enrolment, activity=activity, progress=None)
    if done:
        with clock.at(datetime(2026, 11, day, hour, minute + 5, tzinfo=UTC)):
            complete_activity(enrolment=enrolment, activity=activity, **scored)


def do_all(member):
    """In two sittings, in the morning and on the next day."""
    step(member, READ, 9)
    step(member, LOOK, 9, 30)
    step(member, CHECK, 14, day=11, score=80.0, is_passed=True)


def follow(at=OVER):
    with clock.at(at):
        deliver_all()
        run_all(queues=["files"])


def finding(action, member=None, at=OVER):
    with clock.at(at):
        found = [one for one in readiness_of(action, member).findings if one.key == "connection-records"]
    return found[0] if found else None


def dossier_of(action, path, member=None):
    with path.open("w+b") as file, clock.at(OVER):
        build(action=action, member=member, file=file)
    return path


def verified(path):
    said = []
    return verifier.main([str(path)], say=said.append), "\n".join(said)


def record_of(member):
    return ConnectionRecord.objects.current().select_related("organisation", "action", "member").get(member=member)


def test_whoever_completes_the_course_gets_one_by_themselves_that_tells_each_sitting(action, people):
    do_all(people[0])
    follow()
    record = record_of(people[0])
    content = blobs.read(record.organisation.uid, record.pdf)
    told = json.loads(attached(content, "connections.json"))
    morning, afternoon = told["sittings"]
    assert (morning["from"], morning["to"]) == ("2026-11-10T09:00:00.000000Z", "2026-11-10T09:35:00.000000Z")
    assert morning["opened"] == ["Read the plan", "Look around"]
    assert [(row["title"], row["minutes"]) for row in morning["done"]] == [("Read the plan", 20), ("Look around", 15)]
    assert afternoon["assessed"] == [{"title": "Check", "passed": True, "score": 80}]
    assert (morning["minutes"], afternoon["minutes"], told["minutes"]) == (35, 10, 45)
    assert told["person"] == {"id": str(people[0].uid), "name": people[0].full_name}


def test_its_total_is_that_of_certificate_and_hours(action, people):
    do_all(people[0])
    step(people[1], READ, 10)
    with clock.at(OVER):
        drawing_up.draw_up(action=action, members=[one.pk for one in people])
        done = hours_done(members=[one.pk for one in people], course=action.course_id, sessions=[])
    assert {row.member_id: row.minutes for row in ConnectionRecord.objects.all()} == {
        people[0].pk: done[people[0].pk].own_time,
        people[1].pk: done[people[1].pk].own_time,
    }
    assert [hours.own_time for hours in done.values()] == [45, 20, 0, 0]


def test_what_was_taken_back_is_told_and_does_not_count(action, people):
    do_all(people[0])
    enrolment = enrolment_of(people[0])
    with clock.at(datetime(2026, 11, 12, 9, tzinfo=UTC)):
        take_back_activity(enrolment=enrolment, activity=enrolment.outline.by_key[READ])
    with clock.at(OVER):
        drawing_up.draw_up(action=action, members=[people[0].pk])
    record = record_of(people[0])
    assert [row["minutes"] for row in record.content["said"]["sittings"][0]["done"]] == [0, 15]
    assert record.minutes == 25


def test_nothing_is_asked_of_who_did_nothing_at_a_distance_and_nothing_before_the_end_of_who_goes_on(action, people):
    assert finding(action) is None
    step(people[1], READ, 10)
    assert finding(action, at=datetime(2026, 11, 15, tzinfo=UTC)) is None
    found = finding(action)
    assert (str(found.state), found.of, found.remedy) == ("late", 1, "connection-records")
    assert people[1].full_name in found.words


def test_a_live_action_asks_nothing(kept, request):
    action = request.getfixturevalue("action")
    action.course = None
    action.save()
    assert finding(action) is None


def test_one_tap_draws_up_those_that_are_missing(action, lead, people, visit):
    step(people[1], READ, 10)
    client = visit(lead)
    page = reverse("action_remedy", args=[action.organisation.slug, action.uid])
    with clock.at(OVER):
        client.post(page, {"remedy": "connection-records", "target": ""})
    follow()
    assert finding(action).is_ready
    mine = reverse("connection_record", args=[action.organisation.slug, action.uid, people[1].uid])
    assert client.get(mine)["Content-Type"] == "application/pdf"
    nobody = reverse("connection_record", args=[action.organisation.slug, action.uid, people[2].uid])
    assert client.get(nobody).status_code == 404
    person = reverse("action_person", args=[action.organisation.slug, action.uid, people[1].uid])
    assert mine in client.get(person).content.decode()


def test_what_somebody_does_afterwards_makes_it_stale_and_the_next_supersedes_it(action, people):
    step(people[1], READ, 10)
    with clock.at(datetime(2026, 11, 12, 9, tzinfo=UTC)):
        drawing_up.draw_up(action=action, members=[people[1].pk])
    step(people[1], LOOK, 10, day=13)
    assert not finding(action).is_ready
    with clock.at(OVER):
        assert drawing_up.draw_up(action=action, members=drawing_up.lacking(scope_of(action))) == 1
    assert finding(action).is_ready
    assert ConnectionRecord.objects.filter(superseded_at__isnull=False).count() == 1


def test_two_who_ask_at_once_make_one(action, people):
    step(people[1], READ, 10)
    with clock.at(OVER):
        assert drawing_up.draw_up(action=action, members=[people[1].pk]) == 1
        assert drawing_up.draw_up(action=action, members=[people[1].pk]) == 0


def test_a_dossier_holds_it_and_both_verifiers_find_what_an_insider_changes(action, people, tmp_path):
    do_all(people[0])
    step(people[1], READ, 10)
    follow()
    whole = dossier_of(action, tmp_path / "whole.zip")
    one = dossier_of(action, tmp_path / "one.zip", member=people[0])
    other = dossier_of(action, tmp_path / "other.zip", member=people[1])
    assert [verified(path)[0] for path in (whole, one, other)] == [3, 3, 3]
    files, private = contents(whole), keys.private_key(keys.current_key(action.organisation_id))
    [name] = [name for name in files if name.startswith("pieces/connections/")]
    assert name in contents(one)
    assert not any(name.startswith("pieces/connections/") for name in contents(other))
    gone = {path: content for path, content in files.items() if path != name}
    left_out = rewritten(whole, signed(gone, as_the_insider(gone), private)).rename(tmp_path / "left-out.zip")
    status, words = verified(left_out)
    assert status == 1
    assert "A piece is missing" in words
    for path, (status, said) in zip(
        (whole, one, other, left_out), answers([str(path)] for path in (whole, one, other, left_out)), strict=True
    ):
        assert status == (1 if path == left_out else 3), said


@pytest.mark.parametrize("language", ["en", "fr"])
def test_its_page_is_in_the_language_of_the_action_and_says_how_times_are_measured(action, people, language):
    action.language = language
    action.save()
    do_all(people[0])
    with clock.at(OVER):
        drawing_up.draw_up(action=action, members=[people[0].pk])
    page = page_of(record_of(people[0]))
    words = json.dumps(page, ensure_ascii=False)
    expected = {
        "en": ("10:00–10:35", "at most an hour after"),
        "fr": ("10\xa0h\xa0– 10\xa0h\xa035", "au plus une heure après"),
    }
    for text in expected[language]:
        assert text in words
    assert page["total"] == "45 min"


def told_otherwise(sittings, **change):
    return [sitting | change for sitting in sittings]


@pytest.mark.parametrize(
    "change", [{"minutes": 600}, {"to": "2026-11-10T18:00:00.000000Z"}, {"told_later": "2026-11-10T18:00:00.000000Z"}]
)
def test_one_that_tells_of_other_sittings_than_the_facts_is_found_by_both_verifiers(
    action, people, tmp_path, monkeypatch, change
):
    do_all(people[0])
    true = Learning.sittings
    with monkeypatch.context() as patched:
        patched.setattr(Learning, "sittings", lambda *args: told_otherwise(true(*args), **change))
        follow()
    status, words = verified(path := dossier_of(action, tmp_path / "false.zip"))
    assert status == 1
    assert "tells of other sittings than the facts before it" in words
    [(other, _said)] = answers([[str(path)]])
    assert other == 1


@pytest.mark.parametrize(
    "change", [{"sittings": []}, {"minutes_live": 60}, {"person": {"id": "x", "name": "Y"}}, {"more": 1}]
)
def test_a_paper_that_carries_something_else_than_its_fact_tells_is_found_by_both_verifiers(
    action, people, tmp_path, monkeypatch, change
):
    do_all(people[0])
    with monkeypatch.context() as patched:
        patched.setattr(typesetting, "page_of", lambda record: with_record(page_of(record), change))
        follow()
    status, words = verified(path := dossier_of(action, tmp_path / "false.zip"))
    assert status == 1
    assert "carries" in words
    [(other, _said)] = answers([[str(path)]])
    assert other == 1


def with_record(page, change):
    return page | {"record": json.dumps(json.loads(page["record"]) | change)}


def test_what_was_erased_of_somebody_makes_no_false_alarm(action, people, lead, tmp_path):
    do_all(people[0])
    follow()
    began = Entry.objects.filter(fact="activity.initialized", actor_id=str(people[0].uid))[:1]
    by, about = lead.as_reference(), action.as_reference()
    erase([entry.pk for entry in began], organisation=action.organisation, by=by, about=about, reason="Asked for")
    status, words = verified(path := dossier_of(action, tmp_path / "erased.zip"))
    assert status == 3
    assert "can’t be told: some of them were erased" in words
    assert [one for one, _said in answers([[str(path)]])] == [3]


def test_on_a_full_disk_a_record_waits_and_gets_its_paper_once_there_is_room(action, people):
    do_all(people[0])
    with room_for(0):
        follow()
    assert not ConnectionRecord.objects.exclude(pdf="").exists()
    assert not Entry.objects.filter(fact="connection-record.sealed").exists()
    follow(OVER + timedelta(days=1))
    record = record_of(people[0])
    assert json.loads(attached(blobs.read(record.organisation.uid, record.pdf), "connections.json"))["sittings"]
    assert Entry.objects.filter(fact="connection-record.created").count() == 1
