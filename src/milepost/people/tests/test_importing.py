from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from milepost.core import clock
from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.people import import_planning
from milepost.people.granting import grant
from milepost.people.headings import guess_mapping
from milepost.people.import_places import department_path
from milepost.people.import_plan import ImportRefused
from milepost.people.import_planning import plan_import
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member, User
from milepost.people.roles import Role
from tests.meanwhile import meanwhile
from tests.worlds import make_member

HEADING = "Employee number,First name,Last name,Email,Site,Department,Manager,Hire date\n"
THREE = HEADING + (
    "1,Anna,Berg,anna@a.example,Lyon,Operations / Logistics,,2020-01-31\n"
    "2,Otto,Holm,otto@a.example,Oslo,Operations > Production,1,2021-02-28\n"
    "3,Zoé,Roux,zoe@a.example,Lyon,Operations / Logistics,otto@a.example,2022-03-31\n"
)


def plan(organisation, text, **options):
    return plan_import(organisation=organisation, table=read_table(text.encode()), **options)


def run(organisation, text, **options):
    done = {name: options.pop(name) for name in ("seen", "leavers", "act", "by") if name in options}
    return import_people(organisation=organisation, file=HRFile(read_table(text.encode()), **options), **done)


def said(found):
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Matricule", "employee_number"),
        ("N° matricule", "employee_number"),
        ("Prénom", "given_name"),
        ("NOM", "family_name"),
        ("Adresse e-mail", "email"),
        ("E-Mail address", "email"),
        ("Établissement", "site"),
        ("Date d'embauche", "hire_date"),
        ("Responsable hiérarchique", "manager"),
        ("Job Title", "job_title"),
        ("Langue", "language"),
        ("Hire date (contract)", "hire_date"),
    ],
)
def test_headings_in_english_and_french_are_understood(heading, field):
    assert guess_mapping(["?", heading]) == {field: 1}


def test_people_sites_departments_and_managers_come_from_the_file(organisation):
    assert run(organisation, THREE)["new"] == 3
    zoe = Member.objects.get(email="zoe@a.example")
    assert zoe.full_name == "Zoé Roux"
    assert zoe.site.name == "Lyon"
    assert zoe.department.path == "Operations / Logistics"
    assert zoe.department.parent.name == "Operations"
    assert zoe.manager.manager.given_name == "Anna"
    assert zoe.hire_date.isoformat() == "2022-03-31"


def test_running_the_same_file_twice_changes_nothing(organisation):
    run(organisation, THREE)
    before = Entry.objects.count()
    assert plan(organisation, THREE, is_complete=True).is_empty
    run(organisation, THREE, is_complete=True)
    assert Entry.objects.count() == before


def test_a_dry_plan_writes_nothing(organisation):
    plan(organisation, THREE)
    assert not Member.objects.exists()


def test_only_what_differs_is_changed_and_recorded(organisation):
    run(organisation, THREE)
    counts = run(organisation, THREE.replace("Otto,Holm", "Otto,Holm-Berg"))
    assert (counts["new"], counts["changed"], counts["unchanged"]) == (0, 1, 2)
    fact = Entry.objects.filter(verb="updated").get().content
    assert fact["context"]["fields"] == ["family_name"]


def test_columns_that_are_not_in_the_file_are_left_alone(organisation):
    run(organisation, THREE)
    run(organisation, "Employee number,First name,Last name\n1,Anna,Berg-Dahl\n")
    anna = Member.objects.get(employee_number="1")
    assert (anna.family_name, anna.email, anna.site.name) == ("Berg-Dahl", "anna@a.example", "Lyon")


def test_what_somebody_did_themselves_while_the_file_was_read_stays(organisation):
    run(organisation, THREE)
    anna = Member.objects.filter(employee_number="1")
    said_no = {"language": "fr", "declined_at": clock.now()}
    with meanwhile(Member, lambda: anna.update(**said_no)):
        run(organisation, "Employee number,First name,Last name\n1,Anna,Berg-Dahl\n")
    assert anna.values("family_name", *said_no).get() == {"family_name": "Berg-Dahl"} | said_no


def test_nobody_who_has_just_joined_is_moved_unseen(organisation):
    run(organisation, THREE)
    user = User.objects.create_user("anna@a.example", "correct horse")
    with (
        meanwhile(Member, lambda: Member.objects.filter(employee_number="1").update(user=user)),
        pytest.raises(ImportRefused),
    ):
        run(organisation, "Employee number,First name,Last name,Email\n1,Anna,Berg,other@a.example\n")


def test_nobody_leaves_unless_the_file_is_said_to_be_complete(organisation):
    run(organisation, THREE)
    shorter = "\n".join(THREE.splitlines()[:2]) + "\n"
    assert plan(organisation, shorter).gone == []
    assert {member.given_name for member in plan(organisation, shorter, is_complete=True).gone} == {"Otto", "Zoé"}


def test_leavers_are_deactivated_and_never_deleted(organisation):
    run(organisation, THREE)
    run(organisation, "\n".join(THREE.splitlines()[:2]) + "\n", is_complete=True, leavers=2)
    assert Member.objects.count() == 3
    assert Member.objects.active().count() == 1


def test_owners_never_leave_by_a_file(organisation):
    run(organisation, THREE)
    grant(member=Member.objects.get(employee_number="2"), role=Role.OWNER)
    gone = plan(organisation, "\n".join(THREE.splitlines()[:2]) + "\n", is_complete=True).gone
    assert [member.given_name for member in gone] == ["Zoé"]


def test_nor_does_a_leaving_date_take_the_last_one_away(organisation):
    run(organisation, THREE)
    leaving = "Employee number,First name,Last name,Leaving date\n2,Otto,B,2020-01-31\n"
    grant(member=Member.objects.get(employee_number="2"), role=Role.OWNER)
    assert "last owner" in str(plan(organisation, leaving).problems[0])
    grant(member=Member.objects.get(employee_number="1"), role=Role.OWNER)
    assert plan(organisation, leaving).is_possible


def test_what_was_looked_at_is_what_is_done_or_nothing_is(organisation):
    """Somebody else changed the people between the look and the import."""
    seen = plan(organisation, THREE).fingerprint
    run(organisation, THREE)
    with pytest.raises(ImportRefused, match="once more"):
        run(organisation, THREE, seen=seen)


def test_a_file_is_compared_with_the_people_once_however_many_they_are(organisation):
    run(organisation, THREE)
    with CaptureQueriesContext(connection) as captured:
        run(organisation, THREE)
    assert len([1 for query in captured if 'FROM "people_rolegrant"' in query["sql"]]) == 1


def test_a_department_deeper_than_can_be_kept_is_a_problem_of_its_row(organisation):
    deep = " / ".join(f"{number:0100}" for number in range(7))
    file = f"Employee number,First name,Last name,Department\n7,Ada,L,{deep}\n"
    assert "600 characters" in str(plan(organisation, file).problems[0])


def test_two_people_may_swap_addresses_in_one_file(organisation):
    run(organisation, THREE)
    run(
        organisation,
        THREE.replace("anna@", "x@")
        .replace("otto@a.example,Oslo", "anna@a.example,Oslo")
        .replace("x@", "otto@", 1)
        .replace(",otto@a.example,20", ",2,20"),
    )
    assert Member.objects.get(employee_number="1").email == "otto@a.example"
    assert Member.objects.get(employee_number="2").email == "anna@a.example"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("4,,Lund,l@a.example,,,,", ["Row 5, First name", "Every person needs a name"]),
        ("4,Ida,Lund,not-an-address,,,,", ["Row 5, Email", "not-an-address"]),
        ("4,Ida,Lund,i@a.example,,,,31-31-2020", ["Row 5, Hire date", "is not a date"]),
        (",Ida,Lund,,,,,", ["Row 5", "No employee number and no e-mail"]),
        ("4,Ida,Lund,i@a.example,,,99,", ["Row 5, Manager", "No person is known by “99”"]),
        ("3,Ida,Lund,i@a.example,,,,", ["Row 5", "same person is in row 4"]),
        ("4,Ida,Lund,zoe@a.example,,,,", ["Row 5", "same person is in row 4"]),
        (f"4,{'I' * 121},Lund,i@a.example,,,,", ["Row 5, First name", "Longer than 120"]),
    ],
)
def test_what_is_wrong_is_told_with_row_and_column_and_nothing_is_written(organisation, row, words):
    found = plan(organisation, THREE + row + "\n")
    assert all(word in said(found)[0] for word in words), said(found)
    with pytest.raises(ImportRefused):
        run(organisation, THREE + row + "\n")
    assert not Member.objects.exists()


def test_every_problem_is_told_and_not_only_the_first(organisation):
    found = plan(organisation, HEADING + "1,,Berg,broken,,,,\n2,,Holm,also-broken,,,,\n")
    assert len(found.problems) == 4


def test_managers_who_go_round_in_a_circle_are_refused(organisation):
    found = plan(organisation, THREE.replace("Logistics,,2020", "Logistics,3,2020"))
    assert "go round in a circle" in said(found)[0]
    assert "Anna Berg" in said(found)[0]


def test_a_circle_through_people_who_are_not_in_the_file_is_refused_too(organisation):
    run(organisation, THREE)
    found = plan(organisation, "Employee number,First name,Last name,Manager\n1,Anna,Berg,3\n")
    assert "circle" in said(found)[0]


def test_an_address_of_somebody_who_is_not_in_the_file_is_not_given_away(organisation):
    run(organisation, THREE)
    found = plan(organisation, "Employee number,First name,Last name,Email\n9,Eva,Moe,anna@a.example\n")
    assert "belongs to Anna Berg" in said(found)[0]


def test_without_a_column_to_find_people_by_the_file_is_refused(organisation):
    assert "employee numbers or e-mail" in said(plan(organisation, "First name,Last name\nAnna,Berg\n"))[0]


def test_people_of_another_organisation_are_never_touched(organisation):
    from milepost.people.organisations import create_organisation

    other = create_organisation(slug="other", name="Other")
    run(other, THREE)
    run(organisation, THREE.replace("Anna", "Eva"))
    assert Member.objects.get(organisation=other, employee_number="1").given_name == "Anna"


def test_an_import_costs_the_same_number_of_queries_whatever_its_size(organisation):
    def queries(count, start):
        rows = "".join(
            f"{n},Given,Family,p{n}@a.example,Lyon,Sales,{start if n > start else ''},\n"
            for n in range(start, start + count)
        )
        with CaptureQueriesContext(connection) as captured:
            run(organisation, HEADING + rows)
        return len(captured)

    assert queries(400, 10_000) - queries(20, 50) <= 6  # SQLite takes large batches in parts


@pytest.mark.parametrize("text", ["A / B", "A>B", "A \\ B", " A | B ", "/A//B/"])
def test_departments_are_paths_however_they_are_written(text):
    assert department_path(text) == "A / B"


def test_what_nobody_sees_in_a_file_comes_into_no_name(organisation):
    """Two people who look the same, or one who is read from right to left, stood on sheets, certificates and mails so."""
    override, zero = "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ZERO WIDTH SPACE}"
    run(organisation, HEADING + f"1{zero},{override}An{zero}na,Berg\u00a0 Holm,anna@a.example{zero},Ly{zero}on,,,\n")
    anna = Member.objects.get()
    assert (anna.full_name, anna.employee_number, anna.email) == ("Anna Berg Holm", "1", "anna@a.example")
    assert anna.site.name == "Lyon"
    assert run(organisation, HEADING + "1,Anna,Berg Holm,anna@a.example,Lyon,,,\n")["unchanged"] == 1


def test_a_name_of_what_nobody_sees_is_none(organisation):
    found = plan(organisation, HEADING + "1,\N{ZERO WIDTH SPACE},\N{HANGUL FILLER},anna@a.example,,,,\n")
    assert said(found) == [
        "Row 2, First name: Empty. Every person needs a name.",
        "Row 2, Last name: Empty. Every person needs a name.",
    ]


def test_people_who_are_there_already_are_found_as_before_and_their_names_have_an_end(organisation):
    person = make_member(organisation, "zoe")
    person.given_name, person.family_name, person.job_title = "Zoë", "Nygård", "Ærchitect"
    person.save()
    now = person.searchable
    Member.objects.filter(pk=person.pk).update(searchable="zoe nygard zoe@aldermoor.example aerchitect")
    import_module("milepost.people.migrations.0011_end_of_name").say_where_names_end(apps, None)
    person.refresh_from_db()
    assert (
        person.searchable
        == now
        == f"zoe nygard\n{person.email} {person.employee_number or ''} aerchitect".replace("  ", " ")
    )
    assert list(Member.objects.matching("nygard zoe@ ærchi")) == [person]


def test_a_manager_is_whoever_has_the_number_before_whoever_has_the_name(organisation):
    rows = "1,Anna,Berg,anna@a.example,,,Zoe Roux,\nzoe roux,Kim,Holm,kim@a.example,,,,\n3,Zoe,Roux,zoe@a.example,,,Kim Holm,\n"
    run(organisation, HEADING + rows)
    anna, zoe = Member.objects.get(given_name="Anna"), Member.objects.get(given_name="Zoe")
    assert (anna.manager.given_name, zoe.manager.given_name) == ("Kim", "Kim")


def test_a_file_of_more_people_than_can_be_looked_at_while_somebody_waits_is_refused(organisation, monkeypatch):
    monkeypatch.setattr(import_planning, "MAX_PEOPLE", 1)
    assert said(plan(organisation, HEADING + "1,Anna,Berg,,,,,\n2,Kim,Holm,,,,,\n")) == [
        "The file: More than 1 people. Split it, and say of none of its parts that it lists everybody."
    ]
