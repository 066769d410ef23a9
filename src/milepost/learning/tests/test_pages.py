import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Attempt, Enrolment
from milepost.learning.tests.test_learning import READ, complete
from milepost.people.models import Member
from tests.worlds import SMALL_COURSE, make_course, make_people

PLAYER = "/aldermoor/learn/ladders/01-first/01-read/"


def test_an_empty_start_page_says_what_to_do(visit, learner):
    page = visit(learner).get("/aldermoor/")
    assert "Nothing is waiting for you." in page.text
    assert "/aldermoor/catalogue/" in page.text


def test_the_start_page_says_what_comes_first(visit, enrolment, learner):
    assert "One thing for today: begin “Ladders”." in visit(learner).get("/aldermoor/").text


def test_an_overdue_course_says_so(visit, enrolment, learner):
    Enrolment.objects.update(due=clock.today() - timedelta(days=9))
    assert "9 days late" in visit(learner).get("/aldermoor/").text


def test_somebody_joins_an_open_course_and_goes_through_it(visit, learner, course):
    client = visit(learner)
    assert "Join and begin" in client.get("/aldermoor/catalogue/ladders/").text
    assert client.post("/aldermoor/catalogue/ladders/enrolment/", follow=True).redirect_chain[-1][0] == PLAYER
    assert client.post(PLAYER + "completion/").url == "/aldermoor/learn/ladders/01-first/02-check/"
    quiz = "/aldermoor/learn/ladders/01-first/02-check/"
    client.get(quiz)
    client.post(quiz + "attempt/")
    option = client.get(quiz).context["questions"]
    right = next(o["key"] for q in option if q["key"] == "q2" for o in q["options"] if "a" in o["html"])
    page = client.post(quiz + "submission/", {"question": ["q1", "q2"], "q1": "2", "q2": right}, follow=True)
    assert "Passed with 100 %." in page.text
    more, sign = (f"/aldermoor/learn/ladders/02-second/{step}/" for step in ("01-more", "02-sign"))
    for step in (more, sign):
        client.get(step)
    client.post(more + "completion/")
    sign += "completion/"
    assert "Tick the box" in client.post(sign, follow=True).text
    page = client.post(sign, {"confirmed": "1"}, follow=True)
    assert "Done, Jonas." in page.text
    assert "Everything is done." in client.get("/aldermoor/").text


@pytest.mark.parametrize("step", ["01-first/01-read", "01-first/02-check", "02-second/01-more", "02-second/02-sign"])
@pytest.mark.parametrize("resource", ["completion", "attempt", "answers", "submission", "beat"])
def test_nothing_is_done_that_was_not_opened(visit, enrolment, learner, step, resource):
    page = visit(learner).post(f"/aldermoor/learn/ladders/{step}/{resource}/", {"confirmed": "1"}, follow=True)
    if page.status_code != 404:  # the kind takes no such thing
        assert page.redirect_chain == [(f"/aldermoor/learn/ladders/{step}/", 302)]
        assert "You had not opened this step as it is now. Here it is" in page.text
    assert not Entry.objects.filter(verb__in=["progressed", "completed", "passed", "failed"]).exists()
    assert not Attempt.objects.exists()


def test_a_page_that_is_done_sooner_than_it_can_be_read_is_done_and_the_record_says_so(
    visit, learner, lead, organisation
):
    long = SMALL_COURSE | {"01-first/01-read.page.md": "---\ntitle: Read\n---\n\n" + "word " * 2_000}
    enrol_many(
        members=Member.objects.filter(organisation=organisation), course=make_course(organisation, long), by=lead
    )
    for member, seconds in ((learner, 115), (lead, 125)):
        client = visit(member)
        client.get(PLAYER)
        with clock.at(clock.now() + timedelta(seconds=seconds)):
            client.post(PLAYER + "completion/")
    hasty, careful = Entry.objects.filter(verb="progressed").order_by("id")
    assert hasty.content["context"]["caveat"] == "hasty"
    assert "caveat" not in careful.content["context"]
    page = visit(lead).get(f"/aldermoor/people/{learner.uid}/").text
    assert "Finished “Read” sooner than anybody can read it" in page


def long_course(pages):
    texts = {
        f"01-first/{n:02}-read.page.md": f"---\ntitle: R{n}\n---\n\n" + "word " * 2_000 for n in range(1, pages + 1)
    }
    head = "---\ntitle: Long\nslug: ladders\nenrolment: open\n---\nHello.\n"
    return {"course.md": head, "01-first/module.md": "---\ntitle: First\n---\n"} | texts


@pytest.mark.parametrize(("minutes", "hasty"), [(5, 3), (9, 1), (11, 0)])
def test_pages_that_were_opened_at_once_were_read_one_after_the_other(
    visit, learner, lead, organisation, minutes, hasty
):
    """Five pages of two minutes each, opened together, were all read two minutes later."""
    enrol_many(members=Member.objects.filter(pk=learner.pk), course=make_course(organisation, long_course(5)), by=lead)
    client, addresses = visit(learner), [f"/aldermoor/learn/ladders/01-first/{n:02}-read/" for n in range(1, 6)]
    for address in addresses:
        client.get(address)
    with clock.at(clock.now() + timedelta(minutes=minutes)):
        for address in addresses:
            client.post(address + "completion/")
    done = Entry.objects.filter(verb="progressed")
    assert [entry.content["context"].get("caveat") for entry in done].count("hasty") == hasty
    assert done.count() == 5


def test_whoever_reads_one_page_after_another_is_as_quick_as_before(visit, learner, lead, organisation):
    enrol_many(members=Member.objects.filter(pk=learner.pk), course=make_course(organisation, long_course(3)), by=lead)
    client, start = visit(learner), clock.now()
    for number in range(3):
        address = f"/aldermoor/learn/ladders/01-first/{number + 1:02}-read/"
        with clock.at(start + timedelta(seconds=125 * number)):
            client.get(address)
        with clock.at(start + timedelta(seconds=125 * number + 121)):
            client.post(address + "completion/")
    assert all("caveat" not in entry.content["context"] for entry in Entry.objects.filter(verb="progressed"))


def test_a_closed_course_is_hidden_from_those_who_are_not_in_it(visit, learner, organisation):
    make_course(organisation, SMALL_COURSE | {"course.md": "---\ntitle: Closed\nslug: closed\n---\n"})
    client = visit(learner)
    assert client.get("/aldermoor/catalogue/closed/").status_code == 404
    assert client.post("/aldermoor/catalogue/closed/enrolment/").status_code == 404
    assert "Closed" not in client.get("/aldermoor/catalogue/").text


def test_a_step_that_a_new_version_renamed_leads_to_the_next_one(visit, enrolment, learner):
    page = visit(learner).get("/aldermoor/learn/ladders/01-first/09-gone/", follow=True)
    assert page.redirect_chain[-1][0] == PLAYER
    assert "not part of the course any more" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "",
        "learn/ladders/01-first/01-read/",
        "learn/ladders/01-first/02-check/",
        "learn/ladders/02-second/02-sign/",
        "catalogue/ladders/",
        "learn/ladders/completion/",
    ],
)
def test_a_learner_s_page_costs_at_most_eight_queries_whatever_the_size(
    visit, enrolment, learner, organisation, course, lead, path
):
    make_people(organisation, 500)
    enrol_many(members=Member.objects.filter(organisation=organisation), course=course, by=lead)
    client = visit(learner)
    client.get("/aldermoor/" + path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/aldermoor/" + path).status_code == 200
    assert len(captured) <= 8, [query["sql"][:120] for query in captured]


def test_opening_an_activity_asks_for_what_it_changes_and_for_nothing_that_the_page_holds_already(
    visit, enrolment, learner
):
    client = visit(learner)
    client.get("/aldermoor/learn/ladders/01-first/01-read/")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/aldermoor/learn/ladders/01-first/02-check/").status_code == 200
    asked = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert not [sql for sql in asked if 'FROM "people_organisation"' in sql]
    locks = [sql for sql in asked if '"launched_at"' in sql and " JOIN " not in sql and sql.startswith("SELECT")]
    assert len(locks) == 1
    assert len(asked) <= 12, [sql[:120] for sql in asked]


def test_a_lead_enrols_a_filtered_set_with_a_date(visit, lead, course, organisation):
    make_people(organisation, 12)
    site = organisation.sites.get(name="Site 1")
    client = visit(lead)
    page = client.get("/aldermoor/courses/ladders/enrolments/new/", {"site": site.pk})
    assert "Enrol 3 people" in page.text
    due = clock.today() + timedelta(days=20)
    page = client.post(
        "/aldermoor/courses/ladders/enrolments/new/", {"site": site.pk, "due": due.isoformat()}, follow=True
    )
    assert "3 people were enrolled." in page.text
    assert set(Enrolment.objects.values_list("due", "member__site__name")) == {(due, "Site 1")}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("days", [-9, 20])
def test_whoever_opens_a_due_date_sees_it_and_saves_it_as_it_is(visit, lead, enrolment, learner, language, days):
    due = clock.today() + timedelta(days=days)
    Enrolment.objects.update(due=due)
    client, address = visit(lead), f"/aldermoor/courses/ladders/enrolments/{learner.uid}/"
    client.cookies["django_language"] = language
    shown = re.search(r'<input[^>]*name="due"[^>]*>', client.get(address).text)[0]
    assert f'value="{due.isoformat()}"' in shown
    client.post(address, {"due": re.search(r'value="([^"]*)"', shown)[1]})
    assert Enrolment.objects.get().due == due


def test_a_date_in_the_past_is_refused(visit, lead, course):
    page = visit(lead).post("/aldermoor/courses/ladders/enrolments/new/", {"q": "", "due": "2020-01-01"})
    assert "This day has passed" in page.text
    assert not Enrolment.objects.exists()


def test_a_course_that_is_not_published_sends_the_lead_to_publish_it(visit, lead, organisation):
    make_course(organisation, SMALL_COURSE, publish=False)
    page = visit(lead).get("/aldermoor/courses/ladders/enrolments/new/", follow=True)
    assert "Publish the course first" in page.text


def test_the_list_of_courses_begins_with_the_one_that_needs_a_person(visit, lead, enrolment):
    Enrolment.objects.update(due=clock.today() - timedelta(days=1))
    assert "1 person is late in “Ladders”." in visit(lead).get("/aldermoor/courses/").text


def test_the_people_in_a_course_are_filtered_and_paged(visit, lead, course, organisation, enrolment):
    make_people(organisation, 120)
    enrol_many(members=Member.objects.filter(organisation=organisation), course=course, by=lead)
    client = visit(lead)
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/aldermoor/courses/ladders/enrolments/", {"status": "unseen"})
    assert "Page 1 of 3" in page.text
    assert len(captured) <= 9
    assert "Nobody fits" in client.get("/aldermoor/courses/ladders/enrolments/", {"status": "done"}).text


def test_a_lead_changes_a_due_date_and_takes_somebody_out(visit, lead, enrolment, learner):
    client = visit(lead)
    address = f"/aldermoor/courses/ladders/enrolments/{learner.uid}/"
    due = clock.today() + timedelta(days=3)
    client.post(address, {"due": due.isoformat()})
    enrolment.refresh_from_db()
    assert enrolment.due == due
    page = client.post(address, {"withdraw": "1"}, follow=True)
    assert "is not in the course any more" in page.text


def test_a_person_s_page_shows_courses_and_history(visit, lead, enrolment, learner):
    page = visit(lead).get(f"/aldermoor/people/{learner.uid}/")
    assert "Ladders" in page.text
    assert "Enrolled in “Ladders” by Claire Nygård" in page.text


@pytest.mark.parametrize("page", ["courses/ladders/enrolments/new/", "documents/bulk/"])
def test_nobody_is_chosen_until_somebody_says_whom_be_it_everybody(visit, lead, course, organisation, page):
    make_people(organisation, 12)
    client = visit(lead)
    begun = client.get(f"/aldermoor/{page}").text
    assert "Nobody is chosen yet." in begun and "Given3" not in begun
    assert not re.search(r"(Enrol|Send to) \d+ people", begun) and 'name="q" value=""' not in begun
    assert re.search(r"(Enrol|Send to) 1\d people", client.get(f"/aldermoor/{page}", {"q": ""}).text)


def test_up_to_fifty_people_are_all_named_and_of_more_how_many_are_not(visit, lead, course, organisation):
    make_people(organisation, 60)
    client, url = visit(lead), "/aldermoor/courses/ladders/enrolments/new/"
    few = client.get(url, {"site": organisation.sites.get(name="Site 1").pk}).text.partition('id="chosen"')[2]
    assert few.count("<bdi>") == int(re.search(r"Enrol (\d+) people", few)[1]) and "data-confirm" not in few
    many = client.get(url, {"q": ""}).text.partition('id="chosen"')[2]
    count = int(re.search(r"Enrol (\d+) people\n", many)[1])
    assert many.count("<bdi>") == 50 and f"and {count - 50} others." in many and "data-confirm" in many


def test_whoever_publishes_reads_how_many_it_touches_and_how_many_would_do_changed_work_again(
    visit, lead, course, organisation, enrolment
):
    complete(enrolment, READ)
    make_people(organisation, 60)
    changed = SMALL_COURSE | {"01-first/01-read.page.md": "---\ntitle: Read\n---\n\nNew.\n"}
    make_course(organisation, changed, publish=False)
    page = visit(lead).get("/aldermoor/courses/ladders/").text
    assert "1 person who has not completed the course goes on in the new version." in page
    assert "1 person has done what changed in it, and would do it again." in page
    assert page.count('name="ask_again"') == 1  # only where something changed
    assert "data-confirm" not in page
    enrol_many(members=Member.objects.filter(organisation=organisation), course=course, by=lead)
    count = Enrolment.objects.filter(completed_at=None).count()
    page = visit(lead).get("/aldermoor/courses/ladders/").text
    assert f'data-confirm="Publish the changes for {count} people?"' in page


def test_a_title_in_another_language_than_the_page_says_so(visit, lead, learner, course, organisation, enrolment):
    Enrolment.objects.update(due=clock.today() - timedelta(days=1))
    title = '<bdi lang="en">Ladders</bdi>'
    for member, paths in (
        (lead, ["courses/", "courses/ladders/", "courses/ladders/draft/", "courses/ladders/enrolments/new/"]),
        (lead, [f"courses/ladders/enrolments/{learner.uid}/", f"people/{learner.uid}/"]),
        (learner, [""]),
    ):
        Member.objects.filter(pk=member.pk).update(language="fr")
        for path in paths:
            page = visit(member).get(f"/aldermoor/{path}").text
            assert '<html lang="fr"' in page, path
            assert re.search('<bdi lang="en">(Ladders|First)</bdi>', page), path
    Member.objects.filter(pk=lead.pk).update(language="en")
    assert title not in visit(lead).get("/aldermoor/courses/").text


def test_our_words_on_a_course_of_another_language_are_in_the_pages(visit, learner, course, enrolment):
    Member.objects.filter(pk=learner.pk).update(language="fr")
    page = visit(learner).get("/aldermoor/catalogue/ladders/").text
    assert re.search(r'<h2[^>]* lang="fr">Modules</h2>', page)
