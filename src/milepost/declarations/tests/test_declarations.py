import csv
import io
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest

from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.credentials.models import Certificate
from milepost.declarations.declaring import Collected, declarations
from milepost.declarations.describing import InvalidDescription, describe, describe_trainee
from milepost.declarations.drawing_up import draw_up, take_along
from milepost.declarations.models import Described, Draft, Trainee
from milepost.declarations.periods import ACCOUNTS_BEGIN, accounting_year, calendar_year
from milepost.declarations.tests.conftest import MORE, READ, do_step, sign_half_day
from milepost.evidence.dossiers import build_to
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.people.settings import change
from milepost.verify import verify
from tests.disks import room_for

pytestmark = pytest.mark.django_db
AFTER = datetime(2026, 12, 1, 9, tzinfo=UTC)
SAID = {
    "objective": "other",
    "funding": "employer",
    "speciality": "344",
    "category": "employee",
    "health_topic": "regulated",
    "invoiced": 150_000,
    "invoiced_on": date(2026, 11, 30),
}


def rows_of(name, organisation, year=2026):
    found, declaration = Collected(), declarations.get(name)
    with clock.at(AFTER):
        rows = list(declaration.rows(organisation, type(declaration).period_of(organisation, year), found))
    return rows, found


def line(rows, frame, number):
    return next(row for row in rows if row[:2] == [frame, number])


def codes(found):
    return sorted({problem["code"] for problem in found.problems})


def test_the_bpf_tells_trainees_hours_and_money_by_the_lines_of_its_form(action, organisation, people, lead):
    describe(action=action, said=SAID, by=lead)
    describe_trainee(action=action, member=people[1], by=lead, category="job-seeker")
    sign_half_day(action, people[0], 0)
    do_step(action, people[0], READ)
    do_step(action, people[1], MORE)
    rows, found = rows_of("bpf", organisation)
    assert line(rows, "C", "1")[5] == 1500
    assert line(rows, "F-1", "a")[3:5] == [1, 3.83]  # 3 h 30 min live, and 20 min
    assert line(rows, "F-1", "c")[3:5] == [1, 0.42]
    assert line(rows, "F-3", "d")[3:5] == line(rows, "F-4", "344")[3:5] == [2, 4.25]
    assert found.problems == []
    assert [total[1] for total in found.totals] == [2, 255, 2, 150_000]


def test_hours_count_in_the_year_in_which_they_were_done(action, organisation, people, lead):
    describe(action=action, said=SAID, by=lead)
    sign_half_day(action, people[0], 0)
    do_step(action, people[0], READ, on=datetime(2027, 1, 2, 9, tzinfo=UTC))
    assert line(rows_of("bpf", organisation, 2026)[0], "F-1", "a")[3:5] == [1, 3.5]
    assert line(rows_of("bpf", organisation, 2027)[0], "F-1", "a")[3:5] == [1, 0.33]


def test_an_accounting_year_may_begin_in_any_month(organisation, lead):
    assert accounting_year(organisation, 2026) == calendar_year(organisation, 2026)
    change(organisation=organisation, values={ACCOUNTS_BEGIN.name: 9}, by=lead)
    period = accounting_year(organisation, 2026)
    assert (period.first, period.last) == (date(2025, 9, 1), date(2026, 8, 31))


def test_what_is_missing_is_named_with_the_action_or_the_person(action, organisation, people, lead):
    sign_half_day(action, people[0], 0)
    assert codes(rows_of("bpf", organisation)[1]) == ["no-category", "not-described"]
    describe(action=action, said={"nature": "training"}, by=lead)
    _rows, found = rows_of("bpf", organisation)
    assert codes(found) == ["no-category", "no-funding", "no-objective", "no-speciality", "not-invoiced"]
    assert [p["person"] for p in found.problems if p["code"] == "no-category"] == [str(people[0].uid)]


def test_an_hour_that_lies_in_two_actions_is_counted_once_and_named(action, organisation, people, lead):
    from milepost.evidence.actions import ActionPlan, open_action

    plan = ActionPlan(
        title="Again", profile="fr", starts_on=action.starts_on, ends_on=action.ends_on, minutes=60, course=action.course,
        sessions=list(action.sessions.all()), members=people[:1],
    )  # fmt: skip
    open_action(organisation=organisation, plan=plan, by=lead)
    describe(action=action, said=SAID, by=lead)
    sign_half_day(action, people[0], 0)
    rows, found = rows_of("bpf", organisation)
    assert line(rows, "F-1", "total")[3:5] == [1, 3.5]
    assert "twice" in codes(found)


def test_the_prevention_file_has_a_row_for_each_employee_who_followed_an_eligible_action(
    action, organisation, people, lead
):
    describe(action=action, said=SAID, by=lead)
    for key in (READ, MORE):
        do_step(action, people[0], key)
    deliver_all()
    assert Certificate.objects.count() == 1
    rows, found = rows_of("prevention", organisation)
    heading, row = rows
    told = dict(zip(heading, row, strict=True))
    assert len(heading) == 20
    assert (told["MODALITE_DISPENSE"], told["FORMATION_CERTIFIANTE"], told["NIR"]) == ("MIXTE", "NON", "")
    assert (told["DATE_FIN_FORMATION"], told["REFERENCE_EMPLOYEUR"]) == ("26/11/2026", people[0].employee_number)
    assert codes(found) == ["no-certificate"]
    describe(action=action, said={"health_topic": "no"}, by=lead)
    assert len(rows_of("prevention", organisation)[0]) == 1


def test_edof_tells_entry_exit_and_per_cent_achieved(action, organisation, people, lead):
    describe(action=action, said=SAID | {"funding": "cpf", "certification": "RS1234"}, by=lead)
    describe_trainee(action=action, member=people[0], by=lead, cpf_number="12345678901")
    sign_half_day(action, people[0], 0)
    rows, found = rows_of("edof", organisation)
    assert rows[1][0] == "12345678901"
    assert rows[1][6:8] == ["26/11/2026", "26/11/2026"]
    assert rows[1][11] == 45  # 210 of 465 minutes
    assert codes(found) == ["never-began", "no-cpf-number"]


def test_a_declaration_is_looked_at_before_it_leaves_and_leaving_is_a_fact(action, organisation, people, lead):
    describe(action=action, said=SAID, by=lead)
    sign_half_day(action, people[0], 0)
    draft = draw_up(organisation=organisation, name="bpf", year=2026, by=lead)
    run_all(queues=["builds"])
    draft.refresh_from_db()
    content = blobs.read(organisation.uid, draft.csv).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    book = openpyxl.load_workbook(io.BytesIO(blobs.read(organisation.uid, draft.xlsx))).active
    assert [cell or "" for cell in next(book.iter_rows(values_only=True))] == rows[0]
    assert book.max_row == len(rows) == draft.row_count + 1
    digest = take_along(draft=draft, form="csv", by=lead)
    said = Entry.objects.filter(fact="declaration.exported").get().content
    assert said["result"] == {"sha256": digest, "rows": draft.row_count, "incomplete": 0}
    assert said["context"] == {"year": 2026, "form": "csv"}


def test_what_is_at_risk_is_invoiced_and_not_proven_with_its_reasons(action, organisation, people, lead, visit):
    describe(action=action, said=SAID, by=lead)
    for number in (0, 1):
        sign_half_day(action, people[0], number)
    for key in (READ, MORE):
        do_step(action, people[0], key)
    sign_half_day(action, people[1], 0)
    deliver_all()
    run_all(queues=["builds"])
    described = Described.objects.get()
    assert (described.people, described.unproven_minutes) == (3, 255 + 465)
    assert described.at_risk == round(150_000 * (255 + 465) / (3 * 465))
    page = visit(lead).get(f"/aldermoor/actions/{action.uid}/euros/").text
    assert "13:30–17:00: no signature (3 h 30 min)" in page
    assert "2 steps of the course were not done: “Read”, “More” (45 min)" in page
    assert "not proven" in visit(lead).get("/aldermoor/actions/euros/").text
    assert "at risk of" in visit(lead).get(f"/aldermoor/actions/{action.uid}/").text


def test_the_page_of_whose_hours_are_not_proven_costs_so_many_queries_whatever_the_number_of_people(
    action, people, lead, visit, django_assert_max_num_queries
):
    describe(action=action, said=SAID, by=lead)
    run_all(queues=["builds"])
    page = visit(lead)
    page.get(f"/aldermoor/actions/{action.uid}/euros/")
    with django_assert_max_num_queries(14):
        page.get(f"/aldermoor/actions/{action.uid}/euros/")


def test_minutes_beyond_the_plan_prove_nothing_for_another_and_no_more_is_at_risk_than_invoiced(action, people, lead):
    describe(action=action, said=SAID | {"hourly_price": 1_000_000}, by=lead)
    run_all(queues=["builds"])
    assert Described.objects.get().at_risk == 150_000


def test_an_invoice_without_its_day_is_refused(action, lead):
    with pytest.raises(InvalidDescription):
        describe(action=action, said={"invoiced": 5}, by=lead)
    with pytest.raises(InvalidDescription):
        describe(action=action, said={"hourly_price": 5}, by=lead)


def test_saying_the_same_again_records_nothing(action, lead):
    for _time in range(2):
        describe(action=action, said=SAID, by=lead)
    assert Entry.objects.filter(fact="action.described").count() == 1


def test_the_pages_lead_from_an_empty_year_to_a_file(action, organisation, people, lead, learner, visit):
    page = visit(lead)
    assert "not drawn up yet" in page.get("/aldermoor/actions/declarations/").text
    address = "/aldermoor/actions/declarations/bpf/2026/"
    assert "Nothing was drawn up" in page.get(address).text
    page.post(address)
    assert "It is being drawn up" in page.get(address).text
    run_all(queues=["builds"])
    shown = page.get(address).text
    assert "Compare its lines with the form" in shown
    taken = page.get("/aldermoor/actions/declarations/bpf/2026.csv")
    assert b"F-1" in b"".join(taken.streaming_content)
    describe(action=action, said=SAID, by=lead)
    page.post(address)
    run_all(queues=["builds"])
    assert "Nothing is missing." in page.get(address).text
    assert "Nobody has taken it along" not in page.get(address).text
    assert page.get("/aldermoor/actions/declarations/bpf/1999/").status_code == 404
    assert visit(learner).get(address).status_code == 403


def test_a_declaration_in_which_no_action_belongs_says_so_and_shows_no_empty_table(organisation, lead, visit):
    client = visit(lead)
    page = "/aldermoor/actions/declarations/edof/2026/"
    client.post(page)
    run_all(queues=["builds"])
    text = client.get(page).text
    assert "there is nothing to declare" in text
    assert "<table" not in text
    assert "nothing to declare" in client.get("/aldermoor/actions/declarations/?year=2026").text


def test_what_an_action_and_a_person_are_is_typed_on_their_pages(action, people, lead, visit):
    page = visit(lead)
    wrong = page.post(
        f"/aldermoor/actions/{action.uid}/declarations/", {"nature": "training", "invoiced_euros": "12.50"}
    )
    assert wrong.status_code == 400
    fields = {"nature": "training", "invoiced_euros": "12.50", "invoiced_on": "2026-11-30", "certification": "RS12"}
    page.post(f"/aldermoor/actions/{action.uid}/declarations/", fields)
    assert (Described.objects.get().invoiced, Described.objects.get().certification) == (1250, "RS12")
    address = f"/aldermoor/actions/{action.uid}/people/{people[0].uid}/declarations/"
    page.post(address, {"category": "private", "cpf_number": "123456"})
    assert Trainee.objects.get(member=people[0]).cpf_number == "123456"
    assert page.post(address, {"category": "private", "cpf_number": "x"}).status_code == 400


def test_who_is_erased_is_in_no_draft_any_more(action, organisation, people, lead):
    from milepost.declarations.contribution import DeclarationsContribution

    describe_trainee(action=action, member=people[0], by=lead, category="private")
    draw_up(organisation=organisation, name="bpf", year=2026, by=lead)
    DeclarationsContribution().erase(people[0])
    assert not Draft.objects.exists()
    assert not Trainee.objects.filter(member=people[0]).exists()


@pytest.mark.parametrize("files", [0, 1])
def test_on_a_full_disk_a_declaration_waits_and_is_drawn_up_once_there_is_room(action, organisation, lead, files):
    describe(action=action, said=SAID, by=lead)
    draft = draw_up(organisation=organisation, name="bpf", year=2026, by=lead)
    with room_for(files):
        run_all(queues=["builds"])
    draft.refresh_from_db()
    assert (draft.done_at, draft.csv, draft.xlsx) == (None, "", "")
    with clock.at(clock.now() + timedelta(days=1)):
        run_all(queues=["builds"])
    draft.refresh_from_db()
    assert draft.done_at
    assert blobs.read(organisation.uid, draft.csv) and blobs.read(organisation.uid, draft.xlsx)


def test_a_dossier_of_an_action_that_is_described_verifies(action, people, lead, tmp_path):
    describe(action=action, said=SAID, by=lead)
    describe_trainee(action=action, member=people[0], by=lead, category="private", cpf_number="123456")
    sign_half_day(action, people[0], 0)
    for member in (None, people[0], people[1]):
        path = tmp_path / "dossier.zip"
        build_to(path, action, member=member)
        verify(path)
