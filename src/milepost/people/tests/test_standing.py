"""Where somebody stood on any day, from the facts; and what a file may not say any more."""

from datetime import UTC, date, datetime

import pytest

from milepost.core import clock
from milepost.core.tables import read_table
from milepost.people.editing import change_person
from milepost.people.import_plan import ImportRefused
from milepost.people.import_planning import plan_import
from milepost.people.importing import HRFile, import_people
from milepost.people.models import BulkAct, Member
from milepost.people.places import Place, PlaceRefused, add_place, rename_place
from milepost.people.standing import stretches_of
from milepost.people.undoing import undo

HEADING = "Employee number,First name,Last name,Email,Site,Department,Job title,Manager,Hire date\n"
ANNA = "1,Anna,Berg,anna@a.example,Oslo,Operations,Driver,2,2020-01-31\n"
OTTO = "2,Otto,Holm,otto@a.example,Oslo,,,,\n"


def run(organisation, text, **options):
    return import_people(organisation=organisation, file=HRFile(read_table(text.encode()), **options))


def refusals(organisation, text):
    return [
        problem.message for problem in plan_import(organisation=organisation, table=read_table(text.encode())).problems
    ]


def on(monkeypatch, *day):
    monkeypatch.setattr(clock, "now", lambda: datetime(*day, 12, tzinfo=UTC))


def test_each_stretch_is_told_with_the_names_of_its_days(organisation, lead, monkeypatch):
    on(monkeypatch, 2026, 3, 1)
    run(organisation, HEADING + ANNA + OTTO)
    anna = Member.objects.get(employee_number="1")
    on(monkeypatch, 2026, 4, 1)
    change_person(member=anna, said={"site": "Lyon", "manager": ""}, by=lead)
    on(monkeypatch, 2026, 5, 1)
    rename_place(place=Place("department", anna.department), name="Plant", by=lead)
    on(monkeypatch, 2026, 6, 1)
    change_person(member=anna, said={"left_on": "2026-05-31"}, by=lead)
    on(monkeypatch, 2026, 7, 1)
    change_person(member=anna, said={"left_on": ""}, by=lead)
    told = [(one.since, one.until, one.site, one.department, one.job_title, one.manager) for one in stretches_of(anna)]
    assert told == [
        (date(2026, 7, 1), None, "Lyon", "Plant", "Driver", ""),
        (date(2026, 5, 1), date(2026, 5, 31), "Lyon", "Plant", "Driver", ""),
        (date(2026, 4, 1), date(2026, 4, 30), "Lyon", "Operations", "Driver", ""),
        (date(2026, 3, 1), date(2026, 3, 31), "Oslo", "Operations", "Driver", "Otto Holm"),
    ]


def test_the_page_shows_them(organisation, visit, lead):
    run(organisation, HEADING + ANNA + OTTO)
    anna = Member.objects.get(employee_number="1")
    page = visit(lead).get(f"/aldermoor/people/{anna.uid}/")
    assert "Where they stood" in page.text and "Otto Holm" in page.text


def test_two_people_swap_their_numbers_in_one_file_and_back(organisation, lead):
    run(organisation, HEADING + ANNA + OTTO)
    swapped = HEADING + ANNA.replace("1,", "2,", 1).replace("Driver,2", "Driver,1") + OTTO.replace("2,", "1,", 1)
    plan = plan_import(organisation=organisation, table=read_table(swapped.encode()))
    assert (plan.questions, plan.problems, len(plan.changed), len(plan.new)) == ([], [], 2, 0)
    run(organisation, swapped)
    assert list(
        Member.objects.filter(employee_number__in="12").order_by("employee_number").values_list("given_name", flat=True)
    ) == ["Otto", "Anna"]
    undo(act=BulkAct.objects.order_by("pk").last(), by=lead)
    assert Member.objects.get(employee_number="1").given_name == "Anna"


def test_three_people_pass_their_numbers_on(organisation):
    names = ["Anna", "Otto", "Zoé"]
    rows = [f"{name},Roux,{name[0].lower()}@a.example" for name in names]
    heading = "Employee number,First name,Last name,Email\n"
    run(organisation, heading + "".join(f"{n},{row}\n" for n, row in enumerate(rows)))
    run(organisation, heading + "".join(f"{(n + 1) % 3},{row}\n" for n, row in enumerate(rows)))
    assert [Member.objects.get(employee_number=f"{(n + 1) % 3}").given_name for n in range(3)] == names


def test_a_number_of_somebody_who_keeps_it_is_asked_about_still(organisation):
    run(organisation, HEADING + ANNA + OTTO)
    taken = HEADING + OTTO.replace("2,", "1,", 1)
    assert len(plan_import(organisation=organisation, table=read_table(taken.encode())).questions) == 1


def test_a_department_s_part_that_is_too_long_is_told_not_cut(organisation, lead):
    long = "x" * 121
    assert refusals(
        organisation, HEADING + ANNA.replace("Operations", f"Plant / {long}").replace("Driver,2", "Driver,")
    ) == [f"Longer than 120 characters: “{'x' * 40}…”."]
    with pytest.raises(PlaceRefused, match="Longer than 120"):
        add_place(organisation=organisation, kind="department", name=f"Plant > {long}", by=lead)


@pytest.mark.parametrize("day", ["1899-12-30", "0024-01-31", "30/12/1899"])
def test_a_day_before_1900_is_refused(organisation, lead, day):
    assert refusals(organisation, HEADING + ANNA.replace("2020-01-31", day).replace("Driver,2", "Driver,")) == [
        f"“{day}” lies before 1900. Look at the year."
    ]
    with pytest.raises(ImportRefused, match="before 1900"):
        change_person(member=lead, said={"hire_date": day}, by=lead)


def test_a_last_day_that_was_said_before_ends_the_last_stretch(organisation, lead, monkeypatch):
    on(monkeypatch, 2026, 3, 1)
    run(organisation, HEADING + ANNA + OTTO)
    anna = Member.objects.get(employee_number="1")
    change_person(member=anna, said={"left_on": "2026-04-30"}, by=lead)
    on(monkeypatch, 2026, 4, 1)
    assert stretches_of(Member.objects.get(pk=anna.pk))[0].until is None
    on(monkeypatch, 2026, 6, 1)
    assert stretches_of(Member.objects.get(pk=anna.pk))[0].until == date(2026, 4, 30)
