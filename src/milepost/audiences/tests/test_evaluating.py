"""Who is in an audience is who fits it now: within a job of any fact, after midnight, and whoever is killed when."""

from datetime import UTC, date, datetime, timedelta

import pytest

from milepost.audiences import evaluating
from milepost.audiences.evaluating import evaluate, keep_current
from milepost.audiences.models import Audience, Membership, people_in
from milepost.audiences.ordering import StandsOnItself, in_order
from milepost.audiences.rules import RuleRefused
from milepost.audiences.saving import (
    AudienceRefused,
    NameTaken,
    StoodOn,
    archive_audience,
    change_audience,
    make_audience,
    restore_audience,
)
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.people.editing import change_person
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member, Site
from milepost.people.places import Place, PlaceRefused, remove_place
from tests.worlds import make_member

FILE = "Employee number,First name,Last name,Site,Hire date\n1,Anna,Berg,Oslo,2026-11-20\n2,Otto,Holm,Oslo,2020-01-01\n3,Zoé,Roux,Lyon,\n"


@pytest.fixture
def there(organisation):
    bring(organisation, FILE)
    deliver_all()


def bring(organisation, text, **how):
    import_people(organisation=organisation, file=HRFile(read_table(text.encode()), **how), leavers=99)


def at(*sites):
    return {"condition": "site", "value": [Site.objects.get(name=name).pk for name in sites]}


def made(organisation, name, rule, **fields):
    audience = make_audience(organisation=organisation, name=name, rule=rule, by=None, **fields)
    run_all()
    return Audience.objects.get(pk=audience.pk)


def names(audience):
    return sorted(Member.objects.filter(pk__in=people_in(audience)).values_list("given_name", flat=True))


def told(organisation, verb):
    entries = Entry.objects.filter(organisation_id=organisation.pk, fact=f"audience.{verb}").order_by("pk")
    return [(entry.content["actor"]["name"].split()[0], *entry.content["context"]["why"]) for entry in entries]


def settle():
    deliver_all()
    run_all()


def test_an_audience_holds_whoever_fits_and_tells_each_once(organisation, there):
    oslo = made(organisation, "Oslo", at("Oslo"))
    assert names(oslo) == ["Anna", "Otto"]
    assert (oslo.size, oslo.is_gathering) == (2, False)
    assert told(organisation, "entered") == [("Anna", "rule"), ("Otto", "rule")]
    evaluate(oslo)
    assert len(told(organisation, "entered")) == 2


def test_a_move_a_leaver_and_a_hire_are_seen_within_a_job(organisation, lead, there):
    oslo = made(organisation, "Oslo", at("Oslo"))
    change_person(member=Member.objects.get(given_name="Zoé"), said={"site": "Oslo"}, by=lead)
    settle()
    assert names(oslo) == ["Anna", "Otto", "Zoé"]
    assert told(organisation, "entered")[2:] == [("Zoé", "site")]
    bring(organisation, FILE.replace("1,Anna,Berg,Oslo,2026-11-20\n", "") + "4,Ida,Moe,Oslo,\n", is_complete=True)
    settle()
    assert names(oslo) == ["Ida", "Otto"]
    assert sorted(told(organisation, "left")) == [("Anna", "gone"), ("Zoé", "site")]
    oslo.refresh_from_db()
    assert oslo.size == 2


def test_what_changes_nothing_that_a_rule_looks_at_has_nobody_looked_at(organisation, lead, there, monkeypatch):
    oslo = made(organisation, "Oslo", at("Oslo"))
    change_person(member=Member.objects.get(given_name="Anna"), said={"job_title": "Nurse"}, by=lead)
    deliver_all()
    assert not Audience.objects.get(pk=oslo.pk).is_gathering


def test_days_that_pass_have_people_enter_and_leave(organisation, there):
    with clock.at(datetime(2026, 11, 30, 10, tzinfo=UTC)):
        new = made(organisation, "New", {"condition": "hired", "value": {"when": "within", "days": 10}})
        assert names(new) == ["Anna"]
        assert not Audience.objects.due().exists()
    with clock.at(datetime(2026, 11, 30, 22, 59, tzinfo=UTC)):
        assert not Audience.objects.due().exists()
    with clock.at(datetime(2026, 11, 30, 23, 1, tzinfo=UTC)):  # midnight in Paris
        from milepost.audiences.jobs import find_due

        assert Audience.objects.due().exists()
        find_due.func()
        run_all()
        assert names(new) == []
        assert told(organisation, "left") == [("Anna", "hired")]
        assert not Audience.objects.due().exists()


def test_it_counts_once_somebody_fitted_for_long_enough(organisation, lead, there):
    with clock.at(datetime(2026, 11, 1, 23, 30, tzinfo=UTC)):  # half an hour into 2 November in Paris
        oslo = made(organisation, "Oslo", at("Oslo"), minimum_days=3)
        assert (names(oslo), oslo.size, told(organisation, "entered")) == ([], 0, [])
    with clock.at(datetime(2026, 11, 4, 12, tzinfo=UTC)):
        keep_current(organisation)
        assert names(oslo) == []
        change_person(member=Member.objects.get(given_name="Otto"), said={"site": "Lyon"}, by=lead)
        settle()
    with clock.at(datetime(2026, 11, 5, 1, tzinfo=UTC)):
        keep_current(organisation)
        assert names(oslo) == ["Anna"]
        assert told(organisation, "entered") == [("Anna", "minimum-days", "site")]
        assert told(organisation, "left") == []  # whoever never counted has left nothing
        assert Membership.objects.filter(audience=oslo).count() == 1


def test_an_audience_that_stands_on_others_follows_them_in_one_turn(organisation, lead, there):
    oslo = made(organisation, "Oslo", at("Oslo"))
    middle = made(organisation, "Middle", {"condition": "audience", "value": str(oslo.uid)})
    outside = made(organisation, "A first", {"not": {"condition": "audience", "value": str(middle.uid)}})
    assert (names(middle), names(outside)) == (["Anna", "Otto"], ["Claire", "Zoé"])
    change_person(member=Member.objects.get(given_name="Anna"), said={"site": "Lyon"}, by=lead)
    settle()
    assert (names(middle), names(outside)) == (["Otto"], ["Anna", "Claire", "Zoé"])
    assert in_order(Audience.objects.all()) == [oslo, middle, outside]


def test_an_audience_can_t_stand_on_itself(organisation, there):
    one = made(organisation, "One", at("Oslo"))
    two = made(organisation, "Two", {"condition": "audience", "value": str(one.uid)})
    three = made(
        organisation, "Three", {"any": [at("Lyon"), {"not": {"condition": "audience", "value": str(two.uid)}}]}
    )
    for other in (one, two, three):
        with pytest.raises(StandsOnItself):
            change_audience(audience=one, name="One", rule={"condition": "audience", "value": str(other.uid)}, by=None)


def test_what_another_is_made_of_can_t_be_archived_and_what_is_archived_can_t_be_stood_on(organisation, there):
    one = made(organisation, "One", at("Oslo"))
    two = made(organisation, "Two", {"condition": "audience", "value": str(one.uid)})
    with pytest.raises(StoodOn, match="Two"):
        archive_audience(audience=one, by=None)
    archive_audience(audience=two, by=None)
    archive_audience(audience=one, by=None)
    with pytest.raises(RuleRefused):
        restore_audience(audience=two, by=None)
    restore_audience(audience=one, by=None)
    restore_audience(audience=two, by=None)


def test_what_was_archived_comes_back_current(organisation, lead, there):
    oslo = made(organisation, "Oslo", at("Oslo"))
    archive_audience(audience=oslo, by=lead)
    change_person(member=Member.objects.get(given_name="Anna"), said={"site": "Lyon"}, by=lead)
    settle()
    assert told(organisation, "left") == []
    made(organisation, "OSLO", at("Lyon"))
    with pytest.raises(NameTaken):
        restore_audience(audience=oslo, by=lead)
    archive_audience(audience=Audience.objects.get(name="OSLO"), by=lead)
    restore_audience(audience=oslo, by=lead)
    settle()
    assert names(oslo) == ["Otto"]


@pytest.mark.parametrize(
    "said", [{"name": " "}, {"name": "x" * 121}, {"minimum_days": -1}, {"minimum_days": 10**6}, {"minimum_days": True}]
)
def test_what_can_t_be_is_refused(organisation, said):
    with pytest.raises(AudienceRefused):
        make_audience(organisation=organisation, by=None, **({"name": "One", "rule": {"all": []}} | said))


def test_a_form_sent_twice_makes_one(organisation):
    for _time in range(2):
        make_audience(organisation=organisation, name="One", rule={"all": []}, by=None, key="abc")
    with pytest.raises(NameTaken):
        make_audience(organisation=organisation, name="one", rule={"all": []}, by=None, key="abd")


def test_a_place_that_a_rule_names_can_t_be_removed(organisation, lead, there):
    lyon = made(organisation, "Lyon", at("Lyon"))
    change_person(member=Member.objects.get(given_name="Zoé"), said={"site": "Oslo"}, by=lead)
    place = Place("site", Site.objects.get(name="Lyon"))
    with pytest.raises(PlaceRefused):
        remove_place(place=place, by=lead)
    change_audience(audience=lyon, name="Lyon", rule=at("Oslo"), by=lead)
    remove_place(place=place, by=lead)


def test_whoever_is_killed_between_two_portions_loses_and_doubles_nothing(organisation, there, monkeypatch):
    monkeypatch.setattr(evaluating, "PORTION", 2)
    for number in range(7):
        make_member(organisation, f"person{number}")
    audience = make_audience(organisation=organisation, name="All", rule={"all": []}, by=None)
    portion, left = evaluating._portion, [2]

    def dying(*args):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return portion(*args)

    monkeypatch.setattr(evaluating, "_portion", dying)
    with pytest.raises(KeyboardInterrupt):
        evaluate(audience)
    assert 0 < len(told(organisation, "entered")) < 10
    assert Audience.objects.due().exists()
    left[0] = 99
    evaluate(audience)
    entered = [name for name, *_why in told(organisation, "entered")]
    assert len(entered) == len(set(entered)) == 10
    audience.refresh_from_db()
    assert (audience.size, audience.is_gathering) == (10, False)
    Member.objects.update(left_on=date(2020, 1, 1))
    evaluate(audience)
    assert len(told(organisation, "left")) == 10
    assert Audience.objects.get().size == 0


def test_looking_at_ten_thousand_takes_a_bounded_number_of_queries(organisation, there, django_assert_max_num_queries):
    audience = made(organisation, "All", {"all": []})
    for number in range(30):
        make_member(organisation, f"person{number}")
    with django_assert_max_num_queries(40):
        evaluate(audience)
    with django_assert_max_num_queries(12):
        evaluate(audience)


def test_who_left_long_ago_is_forgotten_and_their_facts_stay(organisation, there):
    oslo = made(organisation, "Oslo", at("Oslo"))
    Member.objects.filter(given_name="Anna").update(left_on=date(2020, 1, 1))
    evaluate(oslo)
    assert not evaluating.forgettable().exists()
    with clock.at(clock.now() + timedelta(days=evaluating.KEPT_DAYS + 1)):
        from milepost.audiences.jobs import forget_left

        forget_left.func()
    assert Membership.objects.count() == 1
    assert told(organisation, "left")


def test_what_happens_while_somebody_looks_has_it_looked_at_once_more(organisation, there, lead):
    audience = make_audience(organisation=organisation, name="Oslo", rule={"all": []}, by=lead)
    with clock.at(datetime(2026, 12, 1, tzinfo=UTC)):
        make_member(organisation, "nils", roles=[])
        evaluating.note(list(Entry.objects.filter(fact="member.created").order_by("-id")[:1]))
    audience.refresh_from_db()
    assert audience.stale_at == datetime(
        2026, 12, 1, tzinfo=UTC
    )  # later than when it was marked first: nobody clears it
