"""A rule means the same to the database as to whoever reads it, and nothing that is none is kept."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.audiences.rules import (
    DEEPEST,
    MOST,
    RuleRefused,
    checked,
    fitting,
    holding,
    one_line,
    q_of,
    read,
    reasons_of,
    told,
    with_leaves,
)
from milepost.core import clock
from milepost.people.models import Department, Member, Site, plain

JOBS = ["", "Nurse", "Head nurse", "Électricien", "Driver"]
SENIORITIES = ["", "junior", "senior"]


@pytest.fixture
def people(organisation):
    """Sixty people of all sorts, with much that is unknown of them."""
    dice = random.Random(7)
    sites = [Site.objects.create(organisation=organisation, name=name) for name in ("Oslo", "Lyon")]
    departments = []
    for path in ("Sales", "Sales / North", "Sales / North / Shops", "Sales-South", "Plant"):
        above, _slash, name = path.rpartition(" / ")
        parent = next((one for one in departments if one.path == above), None)
        departments.append(Department.objects.create(organisation=organisation, name=name, path=path, parent=parent))
    today, made = clock.today(organisation.time_zone), []
    for number in range(60):
        made.append(
            Member.objects.create(
                organisation=organisation,
                employee_number=f"E{number}",
                given_name=f"Given{number}",
                family_name="Moe",
                site=dice.choice([None, *sites]),
                department=dice.choice([None, *departments]),
                seniority=dice.choice(SENIORITIES),
                job_title=dice.choice(JOBS),
                relation=dice.choice(["employee", "partner"]),
                language=dice.choice(["", "en", "fr"]),
                hire_date=dice.choice([None, *(today + timedelta(days=days) for days in (-400, -30, -1, 0, 1, 20))]),
                manager=dice.choice([None, *made[-4:]]),
            )
        )
    return made


class Plainly:
    """The conditions once more, over one person at a time."""

    def __init__(self, organisation, people):
        self.organisation, self.people = organisation, {one.pk: one for one in people}
        self.today = clock.today(organisation.time_zone)

    def fits(self, person, rule):
        if "not" in rule:
            return not self.fits(person, rule["not"])
        if "all" in rule:
            return all(self.fits(person, part) for part in rule["all"])
        if "any" in rule:
            return any(self.fits(person, part) for part in rule["any"])
        return getattr(self, rule["condition"])(person, rule["value"])

    def site(self, person, value):
        return person.site_id in value

    def department(self, person, value):
        while (department := person.department if person is not None else None) is not None:
            while department is not None:
                if department.pk in value:
                    return True
                department = department.parent
            return False
        return False

    def seniority(self, person, value):
        return person.seniority in value

    def job(self, person, value):
        return bool(person.job_title) and all(word in plain(person.job_title) for word in plain(value).split())

    def relation(self, person, value):
        return person.relation in value

    def language(self, person, value):
        return (person.language or self.organisation.language) in value

    def leads(self, person, value):
        return any(one.manager_id == person.pk for one in self.people.values())

    def manager(self, person, value):
        above, seen = self.people.get(person.manager_id), set()
        while above is not None and above.pk not in seen:
            if str(above.uid) == value["uid"]:
                return True
            if value["how"] == "directly":
                return False
            seen.add(above.pk)
            above = self.people.get(above.manager_id)
        return False

    def hired(self, person, value):
        if person.hire_date is None:
            return False
        days = (self.today - person.hire_date).days
        match value["when"]:
            case "within":
                return 0 <= days <= value["days"]
            case "before":
                return days >= value["days"]
        return 0 < -days <= value["days"]


def some_of(choices):
    return st.lists(st.sampled_from(list(choices)), min_size=1, max_size=3, unique=True).map(sorted)


def leaf(organisation, people):
    def of(name, values):
        return values.map(lambda value: {"condition": name, "value": value})

    manager = st.fixed_dictionaries(
        {"uid": st.sampled_from([str(one.uid) for one in people[:12]]), "how": st.sampled_from(["directly", "line"])}
    )
    hired = st.fixed_dictionaries(
        {"when": st.sampled_from(["within", "before", "coming"]), "days": st.sampled_from([0, 1, 29, 30, 31, 500])}
    )
    return st.one_of(
        of("site", some_of(organisation.sites.values_list("pk", flat=True))),
        of("department", some_of(organisation.departments.values_list("pk", flat=True))),
        of("seniority", some_of(SENIORITIES[1:])),
        of("job", st.sampled_from(["nurse", "NURSE head", "electricien", "pilot", "r"])),
        of("relation", some_of(["employee", "partner", "client"])),
        of("language", some_of(["en", "fr"])),
        of("leads", st.just(True)),
        of("manager", manager),
        of("hired", hired),
    )


def trees(leaves):
    def grown(parts):
        several = st.lists(parts, min_size=1, max_size=3)
        return st.one_of(
            several.map(lambda found: {"all": found}),
            several.map(lambda found: {"any": found}),
            parts.map(lambda found: {"not": found}),
        )

    return st.recursive(leaves, grown, max_leaves=8)


def deep(rule):
    if "not" in rule:
        return deep(rule["not"])
    parts = rule.get("all", rule.get("any"))
    return 0 if parts is None else 1 + max(map(deep, parts), default=0)


def who(organisation, rule):
    today = clock.today(organisation.time_zone)
    members = Member.objects.filter(q_of(organisation, rule, today), organisation=organisation)
    return set(members.values_list("pk", flat=True))


LAWS = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LAWS
@given(st.data())
def test_a_rule_means_to_the_database_what_it_means_person_by_person(organisation, people, data):
    rule = data.draw(trees(leaf(organisation, people)).filter(lambda one: deep(one) <= DEEPEST))
    kept, plainly = checked(organisation, rule), Plainly(organisation, people)
    there = {one.pk for one in people if plainly.fits(one, rule)}
    assert who(organisation, kept) == there
    everybody = Member.objects.filter(organisation=organisation)
    for one in with_leaves(everybody, organisation, kept, plainly.today):
        reading = read(kept, holding(one))
        assert reading.holds is (one.pk in there)
        assert reasons_of(reading)
    assert one_line(told(organisation, kept))


@LAWS
@given(st.data())
def test_not_of_not_and_the_laws_of_de_morgan_hold(organisation, people, data):
    few = trees(leaf(organisation, people)).filter(lambda one: deep(one) <= DEEPEST - 1)
    one, other = data.draw(few), data.draw(few)

    def fit(rule):
        return who(organisation, checked(organisation, rule))

    everybody = {person.pk for person in people}
    assert fit({"not": {"not": one}}) == fit(one)
    assert fit({"not": one}) == everybody - fit(one)
    neither = fit({"not": {"any": [one, other]}})
    assert neither == fit({"all": [{"not": one}, {"not": other}]}) == everybody - fit(one) - fit(other)
    assert fit({"not": {"all": [one, other]}}) == fit({"any": [{"not": one}, {"not": other}]})


LEADS = {"condition": "leads", "value": True}


def nested(depth):
    return {"all": [nested(depth - 1)]} if depth else LEADS


@pytest.mark.parametrize(
    "rule",
    [
        None,
        [],
        "all",
        7,
        {},
        {"all": {}},
        {"all": [], "any": []},
        {"any": []},
        {"not": {"all": []}},
        {"all": [{"all": []}]},
        {"condition": "leads"},
        {"condition": "leads", "value": 1},
        {"condition": "leads", "value": True, "more": 1},
        {"condition": ["leads"], "value": True},
        {"condition": "nothing", "value": True},
        {"condition": "site", "value": []},
        {"condition": "site", "value": ["1"]},
        {"condition": "site", "value": [True]},
        {"condition": "site", "value": [10**30]},
        {"condition": "site", "value": [[1]]},
        {"condition": "site", "value": list(range(500))},
        {"condition": "seniority", "value": ["x" * 1000]},
        {"condition": "job", "value": "   "},
        {"condition": "job", "value": "x" * 201},
        {"condition": "language", "value": ["tlh"]},
        {"condition": "manager", "value": {"uid": "' OR 1=1 --", "how": "line"}},
        {"condition": "manager", "value": {"uid": {}, "how": "line"}},
        {"condition": "manager", "value": {"who": "", "how": "directly"}},
        {"condition": "hired", "value": {"when": "within", "days": -1}},
        {"condition": "hired", "value": {"when": "within", "days": 10**9}},
        {"condition": "hired", "value": {"when": "within", "days": True}},
        {"condition": "hired", "value": {"when": "ever", "days": 1}},
        {"condition": "audience", "value": "00000000-0000-0000-0000-000000000000"},
        {"condition": "audience", "value": 7},
        {"all": [LEADS] * (MOST + 1)},
        {"all": [{"any": [LEADS] * 30}, {"any": [LEADS] * 30}]},
        nested(DEEPEST + 1),
        nested(400),
    ],
)
def test_what_is_no_rule_is_refused_in_words(organisation, rule):
    with pytest.raises(RuleRefused) as refused:
        checked(organisation, rule)
    assert str(refused.value)
    assert refused.value.field.startswith("r")


def test_a_rule_that_is_deep_and_large_is_kept_up_to_its_bounds(organisation):
    assert checked(organisation, nested(DEEPEST)) == nested(DEEPEST)
    assert checked(organisation, {"any": [LEADS] * MOST})
    rule = LEADS
    for _time in range(500):
        rule = {"not": rule}
    assert checked(organisation, rule) == {"all": [LEADS]}


def test_places_of_another_organisation_are_not_there(organisation, other_organisation):
    elsewhere = Site.objects.create(organisation=other_organisation, name="Hammerfest")
    with pytest.raises(RuleRefused, match="not there"):
        checked(organisation, {"condition": "site", "value": [elsewhere.pk]})
    stranger = Member.objects.create(
        organisation=other_organisation, employee_number="1", given_name="Zoé", family_name="Roux"
    )
    for value in ({"uid": str(stranger.uid), "how": "line"}, {"who": "Zoé Roux", "how": "line"}):
        with pytest.raises(RuleRefused):
            checked(organisation, {"condition": "manager", "value": value})


def test_everybody_is_a_rule_and_leaves_out_who_left(organisation, people):
    Member.objects.filter(pk=people[0].pk).update(left_on=date(2020, 1, 1))
    kept, today = checked(organisation, {"all": []}), clock.today()
    assert fitting(organisation, kept, today).count() == len(people) - 1
    assert one_line(told(organisation, kept)) == "Everybody"


def test_a_rule_reads_as_a_sentence_in_either_language(organisation, people):
    from django.utils import translation

    oslo = organisation.sites.get(name="Oslo").pk
    rule = checked(organisation, {"all": [{"condition": "site", "value": [oslo]}, {"not": LEADS}]})
    assert one_line(told(organisation, rule)) == "all of these: works at Oslo; leads nobody"
    with translation.override("fr"):
        assert "Oslo" in one_line(told(organisation, rule))
