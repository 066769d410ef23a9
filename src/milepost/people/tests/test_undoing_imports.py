"""Undoing the import of an HR file: everybody is as they were, unless something stands on it."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.core.jobs import run_all
from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.people.editing import change_person
from milepost.people.granting import grant
from milepost.people.importing import HRFile, import_people
from milepost.people.inviting import invite
from milepost.people.models import BulkAct, Department, Member, Site
from milepost.people.roles import Role
from milepost.people.undoing import UndoneAlready, undo, undoable_by
from tests.worlds import make_member

HEADING = "Employee number,First name,Last name,Email,Site,Department,Job title,Manager\n"
BEFORE = HEADING + (
    "1,Anna,Berg,anna@a.example,Oslo,Operations / Logistics,Driver,\n"
    "2,Otto,Holm,otto@a.example,Oslo,Finance,Controller,1\n"
    "3,Zoé,Roux,zoe@a.example,Lyon,Finance,,2\n"
)
AFTER = HEADING + (
    "1,Anna,Berg,otto@a.example,Bergen,Operations / Ships,Captain,4\n"
    "2,Otto,Holm,anna@a.example,Oslo,Finance,Controller,[empty]\n"
    "4,Kim,Lee,kim@a.example,Bergen,Operations,,\n"
)


def run(organisation, text, *, by=None, leavers=None, **options):
    act, table = uuid4(), read_table(text.encode())
    import_people(organisation=organisation, file=HRFile(table, **options), by=by, leavers=leavers, act=act)
    return BulkAct.objects.get(uid=act)


def people(organisation):
    """Everybody who belongs to it, with all that a file says of them."""
    rows = Member.objects.active().filter(organisation=organisation).order_by("pk")
    return list(rows.values().exclude(pk=None))


@pytest.fixture
def there(organisation, lead):
    run(organisation, BEFORE)
    return people(organisation)


def test_everybody_is_as_they_were_and_whoever_was_new_has_left(organisation, lead, there):
    act = run(organisation, AFTER, is_complete=True, leavers=1, by=lead)
    assert people(organisation) != there
    undone = undo(act=act, by=lead)
    assert (undone.taken_back, undone.kept) == (4, 0)
    assert people(organisation) == there
    assert not Member.objects.active().filter(given_name="Kim").exists()
    assert not Site.objects.filter(name="Bergen").exists()
    assert not Department.objects.filter(name="Ships").exists()
    assert Entry.objects.filter(fact="bulk-act.undid").count() == 1


def test_a_second_time_is_refused(organisation, lead, there):
    act = run(organisation, AFTER, by=lead)
    undo(act=act, by=lead)
    with pytest.raises(UndoneAlready):
        undo(act=act, by=lead)


def test_a_file_of_the_command_line_can_be_undone_by_whoever_may_import(organisation, lead, there):
    act = run(organisation, AFTER)
    assert act in undoable_by(lead)
    undo(act=act, by=lead)
    assert people(organisation) == there


def test_whoever_was_changed_since_stays_as_they_are(organisation, lead, there):
    act = run(organisation, AFTER, by=lead)
    run(organisation, HEADING + "1,Anna,Berg,,,,Admiral,\n", by=lead)
    undone = undo(act=act, by=lead)
    assert undone.people.get(member__employee_number="1").outcome == "changed"
    assert Member.objects.get(employee_number="1").job_title == "Admiral"


def test_whoever_was_new_and_did_something_since_stays(organisation, lead, there):
    act = run(organisation, AFTER, by=lead)
    kim = Member.objects.get(employee_number="4")
    invite(members=[kim], by=lead)
    undone = undo(act=act, by=lead)
    assert undone.people.get(member=kim).outcome == "acted"
    assert not Member.objects.get(pk=kim.pk).has_left


def test_an_address_that_somebody_else_has_by_now_is_not_taken_from_them(organisation, lead, there):
    act = run(organisation, HEADING + "3,Zoé,Roux,zr@a.example,,,,\n", by=lead)
    run(organisation, HEADING + "9,Zoé,Rouquin,zoe@a.example,,,,\n", by=lead)
    undone = undo(act=act, by=lead)
    assert undone.people.get().outcome == "taken"
    assert Member.objects.get(employee_number="3").email == "zr@a.example"


def test_whoever_would_need_the_address_of_somebody_who_stays_stays_too(organisation, lead, there):
    rows = "1,Anna,Berg,otto@a.example,,,,\n2,Otto,Holm,zoe@a.example,,,,\n3,Zoé,Roux,zr@a.example,,,,\n"
    act = run(organisation, HEADING + rows, by=lead)
    run(organisation, HEADING + "9,Ann,Other,anna@a.example,,,,\n", by=lead)
    undone = undo(act=act, by=lead)
    assert [row.outcome for row in undone.people.all()] == ["taken"] * 3
    assert Member.objects.get(employee_number="1").email == "otto@a.example"


def test_a_number_in_other_letters_is_the_same_number(organisation, lead, there):
    run(organisation, HEADING + "A1,Kim,Lee,k@a.example,,,,\n")
    reused = HEADING + "A1,Ines,Costa,i@a.example,,,,\n"
    act = run(organisation, reused, by=lead, answers={"person:a1": "other"})
    change_person(member=Member.objects.get(email="i@a.example"), said={"employee_number": "a1"}, by=lead)
    undone = undo(act=act, by=lead)
    assert undone.people.get(member__given_name="Kim").outcome == "taken"


def test_nobody_s_earlier_manager_comes_back_who_reports_to_them_by_now(organisation, lead, there):
    act = run(organisation, HEADING + "2,,,,,,,[empty]\n", by=lead)
    otto = Member.objects.get(employee_number="2")
    change_person(member=Member.objects.get(employee_number="1"), said={"manager": "2"}, by=lead)
    assert undo(act=act, by=lead).people.get().outcome == "manager"
    otto.refresh_from_db()
    assert otto.manager is None


def test_whose_manager_was_erased_since_is_without_one(organisation, lead, there):
    act = run(organisation, HEADING + "2,,,,Lyon,,,[empty]\n", by=lead)
    Member.objects.get(employee_number="1").delete()
    assert undo(act=act, by=lead).taken_back == 1
    otto = Member.objects.get(employee_number="2")
    assert (otto.site.name, otto.manager) == ("Oslo", None)


def test_a_number_that_was_given_to_somebody_new_is_given_back(organisation, lead, there):
    act = run(organisation, HEADING + "2,Ines,Costa,ines@a.example,,,,\n", by=lead, answers={"person:2": "other"})
    undo(act=act, by=lead)
    assert people(organisation) == there


def test_who_may_not_give_a_role_does_not_move_it_by_undoing(organisation, lead, there):
    hr = make_member(organisation, "ravi", roles=["hr"])
    otto = Member.objects.get(employee_number="2")
    grant(member=otto, role=Role.TRAINER)
    act = run(organisation, HEADING + "2,Otto,Holm,new@a.example,,,,\n", by=lead)
    assert undo(act=act, by=hr).people.get().outcome == "role"
    assert Member.objects.get(pk=otto.pk).email == "new@a.example"


def test_a_large_import_is_undone_in_the_background(organisation, lead):
    before = people(organisation)
    rows = "".join(f"{number},Given,Family,,,,,\n" for number in range(600))
    act = undo(act=run(organisation, HEADING + rows), by=lead)
    assert act.is_being_undone
    run_all(queues=["imports"])
    assert people(organisation) == before


NAMES = st.sampled_from(["Anna", "Otto", "Zoé", "Kim"])
ROW = st.tuples(
    st.integers(1, 6), NAMES, st.sampled_from(["", "a", "b", "c", "d", "[empty]"]),
    st.sampled_from(["", "Oslo", "Lyon", "Bergen", "[empty]"]), st.sampled_from(["", "Finance", "Operations / Ships"]),
)  # fmt: skip


def as_file(rows):
    lines = (
        f"{number},{name},Holm,{'' if not at else at if at == '[empty]' else at + '@x.example'},{site},{department},,\n"
        for number, name, at, site, department in rows
    )
    return HEADING + "".join(lines)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=6, unique_by=lambda row: row[0]), st.booleans())
def test_whatever_the_file_undoing_it_at_once_leaves_everybody_as_they_were(organisation, lead, rows, is_complete):
    from django.db import transaction

    from milepost.people.import_planning import plan_import

    with transaction.atomic():
        run(organisation, BEFORE)
        before = people(organisation)
        table = read_table(as_file(rows).encode())
        asked = plan_import(organisation=organisation, table=table, is_complete=is_complete)
        answers = {question.key: "other" for question in asked.questions}
        found = plan_import(organisation=organisation, table=table, is_complete=is_complete, answers=answers)
        if found.is_possible and not found.is_empty:
            act = run(organisation, as_file(rows), is_complete=is_complete, leavers=99, answers=answers)
            undone = undo(act=act, by=lead)
            assert undone.kept == 0
            assert people(organisation) == before
        transaction.set_rollback(True)
