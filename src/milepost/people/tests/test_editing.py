"""One record at a time: adding, changing, leaving, coming back, by the same checks and facts as the HR file."""

from datetime import timedelta

import pytest

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.people.editing import add_person, change_person
from milepost.people.import_plan import ImportRefused
from milepost.people.models import Member
from tests.worlds import make_member

KIM = {"employee_number": "7", "given_name": "Kim", "family_name": "Lee", "email": "Kim@a.example", "site": "Oslo"}


@pytest.fixture
def kim(organisation, lead):
    return add_person(organisation=organisation, said=KIM, by=lead)


def last_fact():
    return Entry.objects.order_by("-id").first()


def test_somebody_is_added(organisation, lead, kim):
    kim.refresh_from_db()
    assert (kim.full_name, kim.email, kim.site.name, kim.relation) == ("Kim Lee", "kim@a.example", "Oslo", "employee")
    assert (last_fact().fact, last_fact().actor_id, last_fact().object_id) == (
        "member.created", str(lead.uid), str(kim.uid),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (KIM | {"employee_number": "8"}, "kim@a.example belongs to Kim Lee."),
        (KIM | {"email": "other@a.example"}, "7 belongs to Kim Lee."),
        (KIM | {"employee_number": "8", "email": "x"}, "“x” is not an e-mail address."),
        ({"given_name": "Kim", "family_name": "Lee"}, "No employee number and no e-mail address: give one of them."),
        ({"employee_number": "8", "given_name": "Kim"}, "Empty. Every person needs a name."),
        (KIM | {"employee_number": "8", "email": "", "manager": "nobody"}, "No person is known by “nobody”."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(organisation, lead, kim, said, words):
    with pytest.raises(ImportRefused) as refused:
        add_person(organisation=organisation, said=said, by=lead)
    assert [problem.message for problem in refused.value.problems] == [words]
    assert Member.objects.count() == 2


def test_what_is_said_changes_and_the_rest_stays(organisation, lead, kim):
    assert change_person(member=kim, said={"family_name": "Lund", "manager": lead.email, "site": ""}, by=lead)
    kim.refresh_from_db()
    assert (kim.full_name, kim.manager, kim.site, kim.email) == ("Kim Lund", lead, None, "kim@a.example")
    assert last_fact().content["context"]["fields"] == ["family_name", "manager", "site"]
    assert change_person(member=kim, said={"family_name": "Lund"}, by=lead) is False


def test_nobody_manages_themselves_by_a_detour(organisation, lead, kim):
    change_person(member=kim, said={"manager": lead.email}, by=lead)
    with pytest.raises(ImportRefused, match="circle"):
        change_person(member=lead, said={"manager": "7"}, by=lead)


def test_who_has_left_comes_back_and_not_by_another_change(organisation, lead, kim):
    change_person(member=kim, said={"left_on": (clock.today() - timedelta(days=3)).isoformat()}, by=lead)
    assert Member.objects.get(pk=kim.pk).has_left
    change_person(member=kim, said={"job_title": "Driver"}, by=lead)
    assert Member.objects.get(pk=kim.pk).has_left
    change_person(member=kim, said={"left_on": ""}, by=lead)
    assert not Member.objects.get(pk=kim.pk).has_left
    assert last_fact().fact == "member.reactivated"


def test_hr_moves_nobody_s_role(organisation, lead, kim):
    hr = make_member(organisation, "ravi", roles=["hr"])
    with pytest.raises(ImportRefused, match="holds the role"):
        change_person(member=lead, said={"email": "other@a.example"}, by=hr)


def test_pages_add_change_and_say_what_is_wrong_beside_the_field(organisation, visit, lead):
    client = visit(lead)
    assert "Add a person" in client.get("/aldermoor/people/").text
    done = client.post("/aldermoor/people/new/", KIM, follow=True)
    assert "Kim Lee was added." in done.text
    wrong = client.post("/aldermoor/people/new/", KIM | {"employee_number": "9"})
    assert (wrong.status_code, "belongs to Kim Lee" in wrong.text) == (400, True)
    kim = Member.objects.get(employee_number="7")
    record = f"/aldermoor/people/{kim.uid}/record/"
    page = client.get(record).context["form"]
    shown = {name: page[name].value() or "" for name in page.fields}
    assert "Saved." in client.post(record, shown | {"job_title": "Driver"}, follow=True).text
    kim.refresh_from_db()
    assert (kim.job_title, kim.site.name) == ("Driver", "Oslo")


def test_a_last_day_is_set_and_taken_back_on_the_person_s_page(organisation, visit, lead, kim):
    client, url = visit(lead), f"/aldermoor/people/{kim.uid}/leaving/"
    assert (
        "The last day of Kim Lee is 31 January 2026." in client.post(url, {"left_on": "2026-01-31"}, follow=True).text
    )
    assert "Is back" in client.get(f"/aldermoor/people/{kim.uid}/").text
    assert "Kim Lee is back." in client.post(url, {"back": "1"}, follow=True).text
    assert "Say the last day as a date." in client.post(url, {"left_on": "soon"}, follow=True).text


def test_what_nobody_sees_is_no_name_and_stands_in_none(organisation, lead):
    with pytest.raises(ImportRefused, match="Every person needs a name"):
        add_person(organisation=organisation, said=KIM | {"given_name": "\u200b\u2800"}, by=lead)
    added = add_person(
        organisation=organisation,
        said=KIM | {"given_name": "Ki\u200bm", "site": "Os\u202elo", "job_title": "[empty]"},
        by=lead,
    )
    added.refresh_from_db()
    assert (added.given_name, added.site.name, added.job_title) == ("Kim", "Oslo", "")
