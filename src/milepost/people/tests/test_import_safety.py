"""What an HR file can’t do unseen: empty a company, make somebody inherit another’s completions, forget what is known."""

import time
from uuid import uuid4

import pytest
from django.urls import reverse

from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.people import import_drafts
from milepost.people.import_plan import ImportRefused, TooManyLeave, Unanswered
from milepost.people.import_planning import plan_import
from milepost.people.import_words import as_table, differences_of
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Department, Member, PeopleImport, Site
from tests.worlds import make_member, make_people

HEADING = "Employee number,First name,Last name,Email,Site,Department,Job title,Manager\n"
ANNA = "1,Anna,Berg,anna@a.example,Orléans,Operations / Logistics,Driver,\n"
OTTO = "2,Otto,Holm,otto@a.example,Oslo,Finance,Controller,1\n"


def table(text):
    return read_table(text.encode())


def plan(organisation, text, **options):
    return plan_import(organisation=organisation, table=table(text), **options)


def run(organisation, text, *, leavers=None, act=None, by=None, seen=None, **options):
    file = HRFile(table(text), **options)
    return import_people(organisation=organisation, file=file, leavers=leavers, act=act, by=by, seen=seen)


@pytest.fixture
def two(organisation):
    run(organisation, HEADING + ANNA + OTTO)
    return Member.objects.get(employee_number="1"), Member.objects.get(employee_number="2")


def test_a_file_of_one_row_empties_no_company(organisation):
    make_people(organisation, 200)
    one = "Employee number,First name,Last name\nN000001,Given1,Family1\n"
    with pytest.raises(TooManyLeave, match="199 people of 200 would leave"):
        run(organisation, one, is_complete=True)
    assert Member.objects.active().count() == 200
    assert run(organisation, one, is_complete=True, leavers=199)["gone"] == 199


@pytest.mark.parametrize(
    ("people", "leaving", "asks"), [(200, 10, False), (200, 11, True), (2000, 50, False), (2000, 51, True)]
)
def test_above_five_in_a_hundred_or_fifty_their_number_has_to_be_said(organisation, people, leaving, asks):
    make_people(organisation, people)
    rows = "".join(f"N{n:06},Given{n},Family{n}\n" for n in range(people - leaving))
    assert (
        plan(organisation, f"Employee number,First name,Last name\n{rows}", is_complete=True).asks_for_leavers is asks
    )


def test_last_days_that_are_over_count_as_leaving(organisation):
    make_people(organisation, 30)
    rows = "".join(f"N{n:06},Given{n},Family{n},2020-01-31\n" for n in range(20))
    with pytest.raises(TooManyLeave, match="20 people of 30"):
        run(organisation, f"Employee number,First name,Last name,Leaving date\n{rows}")


def test_an_empty_cell_keeps_what_is_known_and_a_mark_clears_it(organisation, two):
    _anna, otto = two
    assert plan(organisation, HEADING + "2,,,,,,,\n").is_empty
    run(organisation, HEADING + "2,Otto,,[empty],[vide],[EMPTY],[empty],[empty]\n")
    otto.refresh_from_db()
    assert (otto.family_name, otto.email, otto.site, otto.department, otto.job_title, otto.manager) == (
        "Holm", None, None, None, "", None,
    )  # fmt: skip


def test_nobody_is_without_a_name(organisation, two):
    [problem] = plan(organisation, HEADING + "2,[empty],Holm,,,,,\n").problems
    assert str(problem) == "Row 2, First name: Nobody can be without it. Leave the cell empty to keep what is there."


REUSED = HEADING + "2,Ines,Costa,ines@a.example,Oslo,Finance,Controller,1\n"


def test_a_number_whose_name_and_address_both_change_is_a_question(organisation, two):
    [question] = plan(organisation, REUSED).questions
    assert (question.was, question.was_address, question.would_be, question.address) == (
        "Otto Holm", "otto@a.example", "Ines Costa", "ines@a.example",
    )  # fmt: skip
    with pytest.raises(Unanswered):
        run(organisation, REUSED)
    assert Member.objects.get(employee_number="2").full_name == "Otto Holm"


def test_the_same_person_goes_on_under_another_name(organisation, two):
    _anna, otto = two
    assert run(organisation, REUSED, answers={"person:2": "same"})["changed"] == 1
    assert Member.objects.get(pk=otto.pk).full_name == "Ines Costa"


def test_somebody_new_gets_the_number_and_none_of_what_was_done_under_it(organisation, two):
    _anna, otto = two
    assert run(organisation, REUSED, answers={"person:2": "other"})["new"] == 1
    ines, otto = Member.objects.get(employee_number="2"), Member.objects.get(pk=otto.pk)
    assert ines.pk != otto.pk
    assert (ines.full_name, ines.manager.full_name) == ("Ines Costa", "Anna Berg")
    assert (otto.full_name, otto.employee_number[:4]) == ("Otto Holm", "2 (2")
    assert plan(organisation, REUSED).is_empty


def test_a_name_that_changes_without_the_address_or_in_its_order_alone_is_no_question(organisation, two):
    for row in ("2,Otto,Lund,otto@a.example", "2,Holm,Otto,other@a.example", "2,OTTO,Holm,otto.holm@a.example"):
        assert plan(organisation, HEADING + row + ",,,,\n").questions == []


def test_without_addresses_another_given_and_family_name_is_a_question(organisation, two):
    heading = "Employee number,First name,Last name\n"
    assert plan(organisation, heading + "2,Ines,Costa\n").questions
    assert plan(organisation, heading + "2,Otto,Costa\n").questions == []


def test_who_had_left_and_is_in_the_file_comes_back(organisation, two):
    run(organisation, HEADING + ANNA, is_complete=True, leavers=1)
    found = plan(organisation, HEADING + ANNA + OTTO)
    assert [change.member.given_name for change in found.back] == ["Otto"]
    assert found.in_words == "0 new, 0 changed, 1 back, 0 gone"
    run(organisation, HEADING + ANNA + OTTO)
    assert Member.objects.active().count() == 2
    fact = Entry.objects.get(fact="member.reactivated")
    assert "left_on" not in fact.content["result"]


def test_who_has_left_by_the_file_s_own_date_stays_away(organisation, two):
    gone = "Employee number,First name,Last name,Leaving date\n2,Otto,Holm,2020-01-31\n"
    run(organisation, gone, leavers=1)
    assert plan(organisation, gone).is_empty


def test_what_changes_is_shown_as_it_was_and_as_it_becomes(organisation, two):
    row = "2,Otto,Holm,otto@b.example,Orléans,Finance,,[empty]\n"
    [change] = plan(organisation, HEADING + row).changed
    assert [tuple(one) for one in differences_of(change)] == [
        ("E-mail", "otto@a.example", "otto@b.example"),
        ("Site", "Oslo", "Orléans"),
        ("Manager", "Anna Berg", ""),
    ]
    assert list(as_table(plan(organisation, HEADING + row)))[1] == [
        2, "Otto Holm", "2", "changed", "E-mail", "otto@a.example", "otto@b.example",
    ]  # fmt: skip


def test_a_place_that_is_new_is_shown_with_the_one_it_is_like(organisation, two):
    text = HEADING + "3,Kim,Lee,,Orleans,Operation/Logistics,,\n"
    places = plan(organisation, text).places
    assert [(place.kind, place.name, place.near) for place in places] == [
        ("site", "Orleans", "Orléans"),
        ("department", "Operation / Logistics", "Operations / Logistics"),
    ]
    run(organisation, text, answers={place.question: place.near for place in places})
    kim = Member.objects.get(employee_number="3")
    assert (kim.site.name, kim.department.path) == ("Orléans", "Operations / Logistics")
    assert (Site.objects.count(), Department.objects.count()) == (2, 3)


def test_an_answer_that_names_no_place_of_ours_makes_the_new_one(organisation, two):
    run(organisation, HEADING + "3,Kim,Lee,,Bergen,,,\n", answers={"site:bergen": "Atlantis"})
    assert Member.objects.get(employee_number="3").site.name == "Bergen"


def test_the_problems_of_all_rows_are_told_at_once_and_in_their_order(organisation):
    text = HEADING + "1,Anna,Berg,not an address,,,,9\n2,,Holm,otto@a.example,,,,1\n3,Kim,Lee,,,,,Nobody\n"
    assert [str(problem) for problem in plan(organisation, text).problems] == [
        "Row 2, Email: “not an address” is not an e-mail address.",
        "Row 2, Manager: No person is known by “9”.",
        "Row 3, First name: Empty. Every person needs a name.",
        "Row 4, Manager: No person is known by “Nobody”.",
    ]


def test_what_columns_hold_is_remembered_for_the_next_file_with_these_headings(organisation, lead):
    text = b"No,Vor,Nach,Ort\n5,Kim,Lee,Oslo\n"
    draft = import_drafts.upload(content=text, name="a.csv", by=lead)
    columns = {0: "employee_number", 1: "given_name", 2: "family_name", 3: "site"}
    import_drafts.choose(draft=draft, columns=columns, is_complete=False)
    import_drafts.finish(draft=draft, seen=import_drafts.plan_of(draft, by=lead).fingerprint, by=lead)
    again = import_drafts.upload(content=text, name="b.csv", by=lead)
    assert again.mapping == {"employee_number": 0, "given_name": 1, "family_name": 2, "site": 3}


def test_the_page_asks_for_the_number_of_those_who_leave_and_takes_no_other(organisation, visit, lead):
    make_people(organisation, 40)
    client = visit(lead)
    rows = "".join(f"N{n:06},Given{n},Family{n}\n" for n in range(30))
    draft = import_drafts.upload(content=f"Number,First name,Last name\n{rows}".encode(), name="a.csv", by=lead)
    import_drafts.choose(
        draft=draft, columns={0: "employee_number", 1: "given_name", 2: "family_name"}, is_complete=True
    )
    url = reverse("people_import", args=[organisation.slug, draft.uid])
    asked = {"is_complete": "on", "column-0": "employee_number", "column-1": "given_name", "column-2": "family_name"}
    asked |= {"apply": "1", "seen": import_drafts.plan_of(draft, by=lead).fingerprint}
    assert "10 people of 41 would leave" in client.get(url).text
    for typed in ("", "9", "11", "ten"):
        assert "10 people of 41 would leave" in client.post(url, asked | {"leavers": typed}, follow=True).text
        assert Member.objects.active().count() == 41
    assert "Undo" in client.post(url, asked | {"leavers": "10"}, follow=True).text
    assert Member.objects.active().count() == 31


def test_the_page_asks_who_somebody_is_and_keeps_what_was_answered(organisation, visit, lead, two):
    client = visit(lead)
    draft = import_drafts.upload(content=REUSED.encode(), name="a.csv", by=lead)
    url = reverse("people_import", args=[organisation.slug, draft.uid])
    page = client.get(url).text
    assert "1 question to answer first" in page
    asked = {f"column-{index}": name for name, index in draft.mapping.items()}
    page = client.post(url, asked | {"answer:person:2": "other"}).text
    assert "1 new" in page
    assert PeopleImport.objects.get().answers == {"person:2": "other"}


def test_all_changes_of_a_draft_can_be_read_as_a_table(organisation, visit, lead, two):
    draft = import_drafts.upload(content=(HEADING + "2,Otto,Lund,,,,,\n").encode(), name="a.csv", by=lead)
    answer = visit(lead).get(reverse("people_import_changes", args=[organisation.slug, draft.uid]))
    assert "2,Otto Lund,2,changed,Family name,Holm,Lund" in b"".join(answer.streaming_content).decode()


def test_an_act_under_one_uid_is_done_once(organisation, two):
    act = uuid4()
    run(organisation, HEADING + "3,Kim,Lee,,,,,\n", act=act)
    assert make_member(organisation, "x").pk
    assert Entry.objects.filter(fact="people-file.imported").count() == 2


TAKEN_OVER = "7,Ole,Nys,otto@a.example,,,,\n2,Ines,Costa,i@a.example,,,,\n"


def test_whoever_gave_their_number_away_keeps_their_address(organisation, two):
    found = plan(organisation, HEADING + TAKEN_OVER, answers={"person:1": "other", "person:2": "other"})
    assert "belongs to Otto Holm, who is not in the file." in str(found.problems[0])


def test_many_numbers_that_others_have_now_take_no_longer_each(organisation):
    make_people(organisation, 4_000)
    rows = "".join(f"N{n:06},P{n},Q{n},p{n}@a.example,,,,\n" for n in range(4_000))
    answers = {f"person:n{n:06}": "other" for n in range(4_000)}
    asked, began = table(HEADING + rows), time.process_time()
    found = plan_import(organisation=organisation, table=asked, answers=answers)
    assert (len(found.freed), len(found.new)) == (4_000, 4_000)
    assert time.process_time() - began < 4  # 10 where each asks all before it


def test_numbers_that_are_cut_to_the_same_stay_apart(organisation):
    run(organisation, HEADING + "".join(f"{'A' * 58}{n:06},G{n},F{n},g{n}@a.example,,,,\n" for n in range(5)))
    rows = "".join(f"{'A' * 58}{n:06},P{n},Q{n},p{n}@a.example,,,,\n" for n in range(5))
    answers = {f"person:{'a' * 58}{n:06}": "other" for n in range(5)}
    assert run(organisation, HEADING + rows, answers=answers)["new"] == 5
    assert Member.objects.values("employee_number").distinct().count() == 10


def test_long_paths_are_compared_within_a_second(organisation):
    above = " / ".join(
        ["Compagnie générale des transports", "Direction régionale du Nord", "Exploitation et maintenance"]
    )
    paths = (f"{above} / Equipe {n:03} nord" for n in range(200))
    Department.objects.bulk_create(Department(organisation=organisation, name=path[-15:], path=path) for path in paths)
    rows = "".join(f"{n},A,B,,,{above} / Groupe {n:03} sud,,\n" for n in range(200))
    asked, began = table(HEADING + rows), time.process_time()
    assert len(plan_import(organisation=organisation, table=asked).places) == 200
    assert time.process_time() - began < 4


def test_a_file_read_by_other_columns_is_not_what_was_looked_at(organisation, lead):
    content = b"Employee number,First name,Last name\n1,Anna,Berg\n"
    draft = import_drafts.upload(content=content, name="people.csv", by=lead)
    seen = import_drafts.plan_of(draft, by=lead).fingerprint
    columns = {0: "employee_number", 2: "given_name", 1: "family_name"}
    import_drafts.choose(draft=draft, columns=columns, is_complete=False, answers={"site:x": "y" * 10_000})
    assert len(draft.answers["site:x"]) == import_drafts.MAX_KEY
    with pytest.raises(ImportRefused):
        import_drafts.finish(draft=draft, seen=seen, by=lead)
    assert not Member.objects.filter(employee_number="1").exists()


def test_more_questions_than_a_form_sends_are_asked_in_turns(organisation, visit, lead):
    make_people(organisation, 1_100)
    rows = "".join(f"N{n:06},P{n},Q{n},p{n}@a.example,,,,\n" for n in range(1_100))
    draft = import_drafts.upload(content=(HEADING + rows).encode(), name="people.csv", by=lead)
    client, page = visit(lead), reverse("people_import", args=[organisation.slug, draft.uid])
    assert client.get(page).text.count('name="answer:person:') == 200
    columns = {f"column-{at}": name for name, at in draft.mapping.items()}
    text = client.post(page, columns | {f"answer:person:n{n:06}": "other" for n in range(200)}).text
    assert 'name="answer:person:n000000"' not in text
    assert text.count('name="answer:person:') == 200
    client.post(page, columns | {"answer:person:n000200": "same"})
    draft.refresh_from_db()
    assert len(draft.answers) == 201
    client.post(page, columns | {"answer:person:n000200": ""})
    draft.refresh_from_db()
    assert len(draft.answers) == 200


def test_two_long_names_of_sites_are_not_cut_to_one(organisation):
    rows = f"1,A,B,,{'x' * 121},,,\n2,A,B,,{'x' * 120}y,,,\n"
    found = plan(organisation, HEADING + rows)
    assert [str(problem) for problem in found.problems] == [
        f"Row {row}, Site: Longer than 120 characters." for row in (2, 3)
    ]
