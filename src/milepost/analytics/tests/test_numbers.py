import csv
import io
from collections import defaultdict

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.analytics.measuring import measure, questions_of
from milepost.analytics.reports import Report, reports
from milepost.analytics.reports.progress import people_rows
from milepost.core.table_files import as_csv, as_workbook
from milepost.courses.outline import content_of
from milepost.journal.models import Entry
from milepost.learning.enrolling import enrol, enrol_many, withdraw
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity, open_activity
from milepost.people.models import Member, Site
from milepost.people.queries import filter_members
from tests.worlds import SMALL_COURSE, activity, make_course, make_people, verbs

pytestmark = pytest.mark.django_db
KEYS = ["01-first/01-read", "01-first/02-check", "02-second/01-more", "02-second/02-sign"]


def do(enrolment, key, score=80.0):
    judged = {"score": score, "is_passed": score >= 50} if key.endswith("check") else {}
    return complete_activity(enrolment=enrolment, activity=activity(enrolment, key), **judged)


@pytest.fixture
def people(organisation, course, lead):
    make_people(organisation, 8)
    members = Member.objects.filter(organisation=organisation, user=None).order_by("employee_number")
    enrol_many(members=members, course=course, by=lead)
    return list(Enrolment.objects.filter(course=course).order_by("member__employee_number"))


def test_the_four_numbers_of_a_course(people, course):
    do(people[0], KEYS[0])
    for key in (KEYS[0], KEYS[1], KEYS[3]):
        do(people[1], key)
    measured = measure(course)
    assert (measured.total.enrolled, measured.total.launched, measured.total.completed) == (8, 2, 1)
    assert (measured.total.launch, measured.total.completion, measured.total.score) == (25, 12, 80.0)
    assert measured.total.is_low


def test_it_says_where_people_stop(people, course):
    for enrolment in people[:3]:
        do(enrolment, KEYS[0])
    for key in KEYS[:2]:
        do(people[3], key)
    measured = measure(course)
    assert [(module.completed, module.stopped) for module in measured.modules] == [(1, 3), (0, 1)]
    assert measured.stop.title == "First"


def test_each_site_has_its_own_numbers(people, course):
    do(people[0], KEYS[0])
    sites = {one.name: (one.enrolled, one.launched) for one in measure(course).sites}
    assert sites == {"Site 0": (2, 1), "Site 1": (2, 0), "Site 2": (2, 0), "Site 3": (2, 0)}


def test_filters_measure_only_whom_they_leave(people, course, organisation):
    do(people[0], KEYS[0])
    site = Site.objects.get(organisation=organisation, name="Site 0")
    measured = measure(course, filter_members(Member.objects.all(), organisation=organisation, site=site.pk))
    assert (measured.total.enrolled, measured.total.launched) == (2, 1)


def test_a_course_without_people_has_no_numbers_and_no_error(course, visit, lead):
    assert measure(course).total.enrolled == 0
    assert "Nobody to measure yet." in visit(lead).get("/aldermoor/courses/ladders/numbers/").text


def test_the_page_costs_the_same_for_8_people_and_for_200(
    people, course, organisation, visit, lead, django_assert_max_num_queries
):
    make_people(organisation, 200)
    enrol_many(members=Member.objects.filter(organisation=organisation), course=course, by=lead)
    client = visit(lead)
    client.get("/aldermoor/courses/ladders/numbers/")
    with django_assert_max_num_queries(14):
        client.get("/aldermoor/courses/ladders/numbers/")


def recount(course):
    """The numbers told by the journal alone: whoever reads only that must come to the same."""
    uid = str(course.uid)
    enrolled, launched, completed, modules, best = set(), set(), set(), defaultdict(set), defaultdict(dict)
    for entry in Entry.objects.order_by("id"):
        statement = entry.content
        who, what = statement["actor"]["id"], statement["object"]
        in_course = what["id"] == uid or statement.get("context", {}).get("course") == uid
        if not in_course:
            continue
        match entry.verb, what["type"]:
            case "registered", _:
                enrolled.add(who)
            case "withdrew", _:
                for known in (enrolled, launched, completed, *modules.values()):
                    known.discard(who)
                for scores in best.values():
                    scores.pop(who, None)
            case "launched", _:
                launched.add(who)
            case "completed", "course":
                completed.add(who)
            case "completed", "module":
                modules[what["id"]].add(who)
            case (("passed" | "failed"), _):
                score = statement["result"]["score"]
                best[what["id"]][who] = max(score, best[what["id"]].get(who, 0.0))
    return enrolled, launched, completed, modules, best


what_is_done = st.sampled_from([*KEYS, "open", "withdraw", "join"])
steps = st.lists(st.tuples(st.integers(0, 4), what_is_done, st.sampled_from([20.0, 60.0, 90.0])), max_size=40)


@given(steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_page_says_equals_a_recount_from_the_journal(organisation, course, lead, steps):
    from django.db import transaction

    with transaction.atomic():
        make_people(organisation, 5)
        members = list(Member.objects.filter(organisation=organisation, user=None).order_by("employee_number"))
        for who, what, score in steps:
            enrolment = Enrolment.objects.filter(course=course, member=members[who]).first()
            if what == "join" or enrolment is None:
                enrol(member=members[who], course=course, by=lead)
            elif what == "withdraw":
                if not enrolment.completed_at and not enrolment.progress.exists():
                    withdraw(enrolment=enrolment, by=lead)
            elif what == "open":
                opened = activity(enrolment, KEYS[0])
                known = enrolment.progress.filter(activity_key=KEYS[0]).first()
                open_activity(enrolment=enrolment, activity=opened, progress=known)
            else:
                do(enrolment, what, score)
        measured = measure(course)
        enrolled, launched, completed, modules, best = recount(course)
        assert (measured.total.enrolled, measured.total.completed) == (len(enrolled), len(completed))
        assert measured.total.launched == len(launched)
        assert [module.completed for module in measured.modules] == [
            len(modules["01-first"]),
            len(modules["02-second"]),
        ]
        scores = [score for people in best.values() for score in people.values()]
        assert sum(one.people for one in measured.assessments) == len(scores)
        if scores:
            assert measured.assessments[0].mean == pytest.approx(sum(scores) / len(scores))
        transaction.set_rollback(True)


def test_questions_say_which_one_is_hard(enrolment, course, visit, learner):
    from milepost.learning.models import Attempt

    client = visit(learner)
    address = "/aldermoor/learn/ladders/01-first/02-check/"
    client.get(address)
    client.post(address + "attempt/")
    assert Attempt.objects.count() == 1
    check = activity(enrolment, KEYS[1])
    definition = content_of(course.organisation_id, check.digest).definition
    assert [question.answers for question in questions_of(course, check, definition)] == [0, 0]
    from milepost.learning.attempting import finish_attempt, save_answers

    attempt = Attempt.objects.get()
    save_answers(attempt=attempt, responses={"q1": "2", "q2": "b"})
    finish_attempt(
        attempt=attempt,
        enrolment=enrolment,
        activity=check,
        weights={"q1": 1, "q2": 1},
        pass_mark=50,
        marker=lambda key, _response: 1.0 if key == "q1" else 0.0,
    )
    assert [(q.answers, q.mean) for q in questions_of(course, check, definition)] == [(1, 100.0), (1, 0.0)]


def test_the_page_of_an_assessment_names_its_hardest_question(people, course, visit, lead):
    page = visit(lead).get("/aldermoor/courses/ladders/numbers/01-first/02-check/")
    assert "Nobody has finished it yet." in page.text
    assert visit(lead).get("/aldermoor/courses/ladders/numbers/01-first/01-read/").status_code == 404


# --- Files --------------------------------------------------------------------------------------------------


def read_csv(course):
    return list(csv.reader(io.StringIO("".join(as_csv(people_rows(course))).removeprefix("\ufeff"))))


def test_the_file_has_a_row_a_person_and_a_day_an_activity(people, course):
    do(people[0], KEYS[0])
    heading, first, *others = read_csv(course)
    assert heading[:3] == ["Number", "Name", "E-mail"]
    assert heading[-4:] == ["Read", "Check", "More", "Sign"]
    assert (first[0], first[1]) == ("N000000", "Given0 Family0")
    assert first[-4] and first[-3:] == ["", "", ""]
    assert len(others) == 7


def test_what_somebody_did_stays_in_the_file_when_a_later_version_takes_it_out(people, course, organisation, lead):
    """It was dropped: the table, also the one of a dossier, had today's activities alone."""
    do(people[0], KEYS[0])
    without = {path: text for path, text in SMALL_COURSE.items() if "01-read" not in path and "02-check" not in path}
    make_course(organisation, without | {"01-first/03-new.page.md": "---\ntitle: New\n---\n\nNew.\n"}, by=lead)
    heading, first, *_others = read_csv(course.__class__.objects.select_related("published", "organisation").get())
    assert heading[-4:] == ["New", "More", "Sign", "Read (until version 1)"]
    assert first[heading.index("Version")] == "2"
    assert first[-4:-1] == ["", "", ""]
    assert first[-1]


def test_days_are_those_of_the_organisation(people, course):
    from datetime import UTC, datetime

    from milepost.core import clock

    with clock.at(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)):
        do(people[0], KEYS[0])
    assert read_csv(course)[1][-4] == "2026-07-01"


def test_a_name_that_looks_like_a_formula_is_harmless(people, course):
    Member.objects.filter(pk=people[0].member_id).update(given_name='=HYPERLINK("http://evil")', family_name="")
    names = [row[1] for row in read_csv(course)]
    assert '\'=HYPERLINK("http://evil")' in names
    sheet = openpyxl.load_workbook(as_workbook(people_rows(course))).active
    assert "=HYPERLINK" not in [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_the_workbook_says_what_the_csv_says(people, course):
    do(people[0], KEYS[0])
    sheet = openpyxl.load_workbook(as_workbook(people_rows(course))).active
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows == read_csv(course)


def test_taking_personal_data_out_is_recorded(people, course, visit, lead, organisation):
    client = visit(lead)
    assert client.get("/aldermoor/courses/ladders/numbers/people.csv").getvalue().startswith(b"\xef\xbb\xbf")
    assert client.get("/aldermoor/courses/ladders/numbers/people.xlsx").status_code == 200
    assert verbs(organisation).count("exported") == 2


def test_a_learner_sees_no_numbers(people, visit, learner):
    for page in ("", "people.csv", "people.xlsx", "01-first/02-check/"):
        assert visit(learner).get(f"/aldermoor/courses/ladders/numbers/{page}").status_code == 403


class Names(Report):
    name = "names"
    label = "Everybody's name"

    def rows(self, course, members=None):
        yield ["Name"]
        yield from ([member.full_name] for member in members or Member.objects.filter(enrolments__course=course))


def test_a_report_that_somebody_brings_is_offered_taken_along_and_recorded(people, course, visit, lead, learner):
    address = "/aldermoor/courses/ladders/numbers/"
    with reports.holding("names", Names()):
        assert f'href="{address}names.csv"' in visit(lead).get(address).text
        rows = b"".join(visit(lead).get(f"{address}names.csv")).decode().splitlines()
        assert rows[0] == "\ufeffName"
        assert len(rows) == 1 + course.enrolments.count()
        assert visit(learner).get(f"{address}names.csv").status_code == 403
    assert visit(lead).get(f"{address}names.csv").status_code == 404
