"""Two records of one person: the one that goes becomes an earlier record of the one that stays, and for 30 days that is undone."""

from datetime import timedelta

import pytest

from milepost.core import clock
from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.journal.queries import timeline
from milepost.people.absences import begin_absence
from milepost.people.contributions import contributions
from milepost.people.editing import add_person, change_person
from milepost.people.import_planning import plan_import
from milepost.people.importing import HRFile, import_people
from milepost.people.merging import (
    IsEarlierRecord,
    LookedAtOther,
    MergeRefused,
    held_by,
    merge_records,
    plan_merge,
    separate,
)
from milepost.people.models import Member, Merge
from tests.worlds import make_member

HEADING = "Employee number,First name,Last name,Email,Site,Job title\n"
TWO = HEADING + "1,Kim,Lee,,Oslo,Driver\n2,Kim,Lee,kim@a.example,,\n3,Otto,Holm,otto@a.example,,\n"


def run(organisation, text, **options):
    return import_people(organisation=organisation, file=HRFile(read_table(text.encode()), **options))


@pytest.fixture
def two(organisation):
    """The record that stays, and the one that goes, to which Otto reports."""
    run(organisation, TWO)
    stays, earlier, otto = Member.objects.filter(employee_number__in="123").order_by("employee_number")
    Member.objects.filter(pk=otto.pk).update(manager=earlier)
    return stays, earlier


def merge(stays, earlier, by):
    plan = plan_merge(stays=stays, earlier=earlier, by=by)
    return merge_records(stays=stays, earlier=earlier, seen=plan.fingerprint, by=by)


def rows():
    columns = ("employee_number", "email", "site", "job_title", "left_on", "user", "manager")
    return list(Member.objects.order_by("pk").values("pk", *columns))


def test_what_the_record_lacks_goes_over_and_the_earlier_one_leaves(lead, two):
    stays, earlier = two
    plan = plan_merge(stays=stays, earlier=earlier, by=lead)
    assert [(line.label, line.stays, line.becomes) for line in plan.lines if line.stays != line.becomes] == [
        ("E-mail", "", "kim@a.example")
    ]
    merge(stays, earlier, lead)
    stays.refresh_from_db(), earlier.refresh_from_db()
    assert (stays.employee_number, stays.email, stays.job_title) == ("1", "kim@a.example", "Driver")
    assert (earlier.has_left, earlier.email, earlier.employee_number) == (True, None, f"2 ({clock.today().year})")
    assert Member.objects.get(employee_number="3").manager == stays
    told = Entry.objects.filter(fact="member.merged").get()
    assert (told.object_id, told.content["result"]) == (str(stays.uid), {"earlier": str(earlier.uid)})


def test_the_account_goes_over_and_signing_in_leads_to_the_record_that_stays(organisation, visit, lead):
    run(organisation, HEADING + "1,Kim,Lee,,Oslo,\n")
    stays, earlier = Member.objects.get(employee_number="1"), make_member(organisation, "kim")
    merge(stays, earlier, lead)
    stays.refresh_from_db()
    assert stays.user.email == "kim@aldermoor.example"
    assert visit(stays).get("/aldermoor/").status_code == 200


def test_of_two_accounts_that_of_the_record_that_stays_opens(organisation, lead):
    stays, earlier = make_member(organisation, "kim"), make_member(organisation, "kim.lee")
    plan = plan_merge(stays=stays, earlier=earlier, by=lead)
    assert (plan.moves_account, plan.loses_account) == (False, True)
    merge(stays, earlier, lead)
    assert Member.objects.get(pk=earlier.pk).user is None


def test_undoing_leaves_both_as_they_were(lead, two):
    stays, earlier = two
    begin_absence(member=earlier, begins=clock.today(), by=lead)
    before = rows()
    made = merge(stays, earlier, lead)
    assert list(Member.objects.absent_today()) == [stays]
    separate(merge=made, by=lead)
    assert (rows(), list(Member.objects.absent_today())) == (before, [earlier])
    assert Entry.objects.filter(fact="member.separated").count() == 1
    assert Entry.objects.filter(fact="member.reactivated", object_id=str(earlier.uid)).count() == 1


def test_what_was_changed_since_or_is_somebody_s_now_is_not_undone(organisation, lead, two):
    stays, earlier = two
    made = merge(stays, earlier, lead)
    change_person(member=stays, said={"job_title": "Baker"}, by=lead)
    with pytest.raises(MergeRefused, match="changed since"):
        separate(merge=made, by=lead)
    change_person(member=stays, said={"job_title": "Driver"}, by=lead)
    Member.objects.create(organisation=organisation, employee_number="2", given_name="New", family_name="One")
    with pytest.raises(MergeRefused, match="Somebody else has"):
        separate(merge=made, by=lead)


def test_after_30_days_it_stays(lead, two, monkeypatch):
    made = merge(*two, lead)
    Merge.objects.update(at=clock.now() - timedelta(days=31))
    with pytest.raises(MergeRefused, match="30 days are over"):
        separate(merge=Merge.objects.get(pk=made.pk), by=lead)


def test_a_file_that_names_the_earlier_number_means_the_record_that_stays(organisation, lead, two):
    stays, earlier = two
    merge(stays, earlier, lead)
    both = HEADING + "1,Kim,Lee,kim@a.example,Lyon,\n2,Kim,Lee,kim@a.example,Rome,\n3,Otto,Holm,otto@a.example,,\n"
    plan = plan_import(organisation=organisation, table=read_table(both.encode()), is_complete=True)
    assert (plan.problems, plan.counts["new"], plan.counts["changed"], plan.counts["gone"]) == ([], 0, 1, 0)
    run(organisation, HEADING + "2,Kim,Lee,kim@a.example,Rome,\n")
    stays.refresh_from_db()
    assert (stays.employee_number, stays.site.name, Member.objects.filter(family_name="Lee").count()) == (
        "2",
        "Rome",
        2,
    )


def test_an_earlier_number_that_is_somebody_new_s_is_given_to_them(organisation, lead, two):
    stays, earlier = two
    merge(stays, earlier, lead)
    new = HEADING + "2,Nora,Quist,nora@a.example,,\n"
    run(organisation, new, answers={"person:2": "other"})
    stays.refresh_from_db()
    assert (stays.employee_number, Member.objects.get(employee_number="2").given_name) == ("1", "Nora")


def test_the_earlier_record_is_changed_and_merged_no_more(lead, two):
    stays, earlier = two
    merge(stays, earlier, lead)
    with pytest.raises(IsEarlierRecord):
        change_person(member=earlier, said={"left_on": ""}, by=lead)
    for one, other in ((stays, earlier), (earlier, stays)):
        with pytest.raises(MergeRefused):
            plan_merge(stays=one, earlier=other, by=lead)


def test_nobody_gets_a_role_by_a_merge(organisation, lead, two):
    hr = make_member(organisation, "ravi", roles=["hr"])
    stays, earlier = two
    with pytest.raises(MergeRefused, match="holds a role"):
        plan_merge(stays=stays, earlier=lead, by=hr)
    Member.objects.filter(pk=lead.pk).update(user=None, employee_number=None)
    lead.refresh_from_db()
    with pytest.raises(MergeRefused, match="holds the role"):
        plan_merge(stays=lead, earlier=earlier, by=hr)
    with pytest.raises(MergeRefused, match="your own record"):
        plan_merge(stays=stays, earlier=hr, by=hr)


def test_what_was_not_looked_at_is_not_done(lead, two):
    stays, earlier = two
    seen = plan_merge(stays=stays, earlier=earlier, by=lead).fingerprint
    change_person(member=earlier, said={"email": "other@a.example"}, by=lead)
    with pytest.raises(LookedAtOther):
        merge_records(stays=stays, earlier=earlier, seen=seen, by=lead)


def test_the_history_of_a_person_reads_both_records_and_the_preview_says_what_stays(
    organisation, visit, lead, learner, enrolment, course
):
    stays = make_member(organisation, "second")
    assert ("Enrolments", 1) in [(str(label), count) for label, count in held_by(learner)]
    client = visit(lead)
    page = client.get(f"/aldermoor/people/{stays.uid}/merging/?other={learner.uid}")
    assert "One record for Second" in page.text and "Enrolments: 1" in page.text
    done = client.post(
        f"/aldermoor/people/{stays.uid}/merging/",
        {"other": str(learner.uid), "seen": page.context["plan"].fingerprint},
        follow=True,
    )
    assert "Under the earlier record" in done.text and course.title in done.text
    both = timeline(organisation.pk, str(stays.uid), str(learner.uid)).count()
    assert done.context["entries"].count() == min(12, both)
    assert "This is an earlier record." in client.get(f"/aldermoor/people/{learner.uid}/").text
    back = client.post(f"/aldermoor/people/{learner.uid}/merging/undoing/", follow=True)
    assert "They are two records again." in back.text


def test_the_other_record_is_found_by_its_name_and_a_refusal_is_said(organisation, visit, lead, two):
    stays, earlier = two
    client = visit(lead)
    shown = client.get(f"/aldermoor/people/{stays.uid}/merging/")
    assert f"?other={earlier.uid}" in shown.text
    refused = client.get(f"/aldermoor/people/{stays.uid}/merging/?other={lead.uid}")
    assert "This is your own record" in refused.text and "Let the other record stay" in refused.text


def test_an_address_that_the_earlier_record_gave_up_can_be_somebody_new_s(organisation, lead):
    run(organisation, HEADING + "1,Kim,Lee,kim@a.example,,\n2,Kim,Lee,lee@a.example,,\n")
    stays, earlier = Member.objects.filter(family_name="Lee").order_by("employee_number")
    merge(stays, earlier, lead)
    new = {"employee_number": "2", "given_name": "Nora", "family_name": "Quist", "email": "lee@a.example"}
    assert add_person(organisation=organisation, said=new, by=lead).email == "lee@a.example"


def test_the_earlier_record_is_erased_before_the_one_that_stays(organisation, lead, two):
    stays, earlier = two
    merge(stays, earlier, lead)
    held = contributions.get("people").holds
    assert ["earlier record" in hold.reason for hold in held(stays)] == [True]
    assert list(held(earlier)) == []
    contributions.get("people").erase(earlier)
    assert list(held(stays)) == []
