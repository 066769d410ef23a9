"""Audiences on screen: built without code and without JavaScript, and what somebody may not see is not there."""

import re

import pytest

from milepost.audiences import conditions
from milepost.audiences.conditions import Condition
from milepost.audiences.evaluating import keep_current
from milepost.audiences.models import Audience, Membership, people_in
from milepost.audiences.queries import PAGE_SIZE
from milepost.audiences.saving import archive_audience, make_audience
from milepost.core.jobs import run_all
from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.people.granting import grant
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member, Site
from milepost.people.roles import Role
from tests.worlds import make_member, make_people, once_of

FILE = "Employee number,First name,Last name,Site\n1,Anna,Berg,Oslo\n2,Otto,Holm,Oslo\n3,Zoé,Roux,Lyon\n"


@pytest.fixture
def there(organisation):
    import_people(organisation=organisation, file=HRFile(read_table(FILE.encode())))


def key(name):
    return Site.objects.get(name=name).pk


def at(*names):
    return {"condition": "site", "value": [key(name) for name in names]}


def made(organisation, name="Oslo", rule=None, **fields):
    audience = make_audience(organisation=organisation, name=name, rule=rule or at("Oslo"), by=None, **fields)
    run_all()
    return Audience.objects.get(pk=audience.pk)


URL = "/aldermoor/audiences/"


def test_an_empty_list_one_and_many_read_as_sentences(organisation, lead, there, visit):
    lead = visit(lead)
    assert "No audience yet." in lead.get(URL).text
    made(organisation)
    page = lead.get(URL).text
    assert "1 audience, always current." in page
    assert "2 people" in page
    Audience.objects.bulk_create(
        Audience(organisation=organisation, name=f"A {number}", rule=at("Oslo"), stale_at=None) for number in range(999)
    )
    assert "1,000 audiences, always current." in lead.get(URL).text


def test_the_list_asks_as_much_of_many_as_of_few(organisation, lead, there, visit, django_assert_max_num_queries):
    Audience.objects.bulk_create(
        Audience(organisation=organisation, name=f"A {number}", rule=at("Oslo"), stale_at=None) for number in range(60)
    )
    lead = visit(lead)
    with django_assert_max_num_queries(16):
        assert lead.get(URL).status_code == 200


def test_a_rule_is_built_by_buttons_alone_and_kept_once(organisation, lead, there, visit):
    client = visit(lead)
    page = client.get(f"{URL}new/")
    assert "Whom do you mean?" in page.text
    sent = {"r-group": "all", "r-new": "site", "do": "add r", "name": "Oslo’s leads"}
    page = client.post(f"{URL}new/", sent)
    assert 'name="r-0-of"' in page.text
    assert "1 condition is not filled in yet" in page.text
    assert "Oslo’s leads" in page.text
    assert "field-error" not in page.text
    sent |= {"r-0-condition": "site", "r-0-is": "yes", "r-0-of": [key("Oslo")], "do": "group r"}
    page = client.post(f"{URL}new/", sent)
    assert 'name="r-1-group"' in page.text
    sent |= {"r-1-group": "none", "r-1-new": "leads", "do": "add r-1"}
    page = client.post(f"{URL}new/", sent)
    assert 'name="r-1-0-condition" value="leads"' in page.text
    sent |= {"r-1-0-condition": "leads", "r-1-0-is": "yes", "do": "show"}
    page = client.post(f"{URL}new/", sent)
    assert "Anna Berg" in page.text
    assert "Zoé" not in page.text
    assert not Audience.objects.exists()
    saved = sent | {"do": "save"} | once_of(page)
    for _time in range(2):
        assert client.post(f"{URL}new/", saved).status_code == 302
    audience = Audience.objects.get()
    assert audience.rule == {"all": [at("Oslo"), {"not": {"any": [{"condition": "leads", "value": True}]}}]}
    run_all()
    page = client.get(f"{URL}{audience.uid}/").text
    assert "Oslo’s leads: 2 people." in page
    assert "Works at Oslo" in page
    assert "None of these" in page


def test_a_part_is_removed_and_those_behind_it_move_up(organisation, lead, there, visit):
    sent = {
        "r-group": "all",
        "r-0-condition": "leads",
        "r-1-condition": "job",
        "r-1-words": "nurse",
        "do": "remove r-0",
    }
    page = visit(lead).post(f"{URL}new/", sent).text
    assert re.search(r'name="r-0-words" value="nurse"', page)
    assert "r-1-" not in page


def test_what_is_missing_is_told_where_it_is_and_nothing_is_kept(organisation, lead, there, visit):
    client = visit(lead)
    sent = {"r-group": "all", "r-0-condition": "job", "r-0-words": "", "name": "", "do": "save"}
    page = client.post(f"{URL}new/", sent)
    assert page.status_code == 400
    assert "This is not filled in yet." in page.text
    assert 'aria-invalid="true"' in page.text
    assert not Audience.objects.exists()
    made(organisation)
    page = client.post(f"{URL}new/", {"r-group": "all", "name": "OSLO", "do": "save"})
    assert "of this name already" in page.text


def test_a_rule_that_is_kept_is_opened_changed_and_its_change_is_a_fact(organisation, lead, there, visit):
    rule = {
        "any": [
            at("Oslo"),
            {"not": {"condition": "hired", "value": {"when": "within", "days": 30}}},
            {"condition": "manager", "value": {"uid": str(Member.objects.get(given_name="Otto").uid), "how": "line"}},
        ]
    }
    audience, client = made(organisation, rule=rule), visit(lead)
    page = client.get(f"{URL}{audience.uid}/rule/").text
    assert 'name="r-1-days" value="30"' in page
    assert 'name="r-2-who" value="2"' in page  # their number, by which they are found again
    sent = {"name": "Oslo", "minimum_days": "30", "r-group": "any", "r-0-condition": "site", "r-0-of": [key("Lyon")]}
    assert client.post(f"{URL}{audience.uid}/rule/", sent | {"do": "save"}).status_code == 302
    audience.refresh_from_db()
    assert (audience.rule, audience.minimum_days) == ({"any": [at("Lyon")]}, 30)
    fact = Entry.objects.get(fact="audience.updated").content
    assert fact["result"]["conditions"] == ["site"]
    run_all()
    assert Entry.objects.get(fact="audience.left", actor_id=str(Member.objects.get(given_name="Anna").uid))


@pytest.mark.parametrize(
    "sent",
    [
        {"r-group": "nonsense"},
        {"r-condition": "site"},
        {"do": "remove r"},
        {"do": "add r-9-9-9", "r-new": "site"},
        {"do": "add r", "r-new": "nothing"},
        {"r-group": "all", **{f"r-{number}-condition": "leads" for number in range(500)}, "do": "save", "name": "x"},
        {"r-group": "all", "r-0-group": "all", "r-0-0-group": "all", "r-0-0-0-group": "all", "r-0-0-0-0-group": "all"},
        {"r-group": "all", "r-0-condition": "site", "r-0-of": ["x", "9" * 40, "-1"], "do": "save", "name": "x"},
        {
            "r-group": "all",
            "r-0-condition": "hired",
            "r-0-days": "9" * 40,
            "r-0-when": "within",
            "do": "save",
            "name": "x",
        },
        {"r-group": "all", "r-0-condition": "manager", "r-0-who": "\x00", "r-0-how": "line", "do": "save", "name": "x"},
        {"r-group": "all", "r-0-condition": "audience", "r-0-uid": "'", "do": "save", "name": "x"},
        {"minimum_days": "9" * 400, "name": "x" * 4000, "do": "save"},
    ],
)
def test_whatever_is_sent_is_answered_and_nothing_is_kept(organisation, lead, there, visit, sent):
    assert visit(lead).post(f"{URL}new/", sent).status_code in (200, 400)
    assert not Audience.objects.exists()


def test_why_somebody_is_in_and_why_somebody_is_not(organisation, lead, there, visit):
    rule = {"all": [at("Oslo"), {"not": {"condition": "leads", "value": True}}]}
    audience, client = made(organisation, rule=rule), visit(lead)
    page = client.get(f"{URL}{audience.uid}/", {"q": "ann"}).text
    anna, zoe = Member.objects.get(given_name="Anna"), Member.objects.get(given_name="Zoé")
    assert f"people/{anna.uid}/" in page
    page = client.get(f"{URL}{audience.uid}/people/{anna.uid}/").text
    assert "Anna Berg is in." in page
    page = client.get(f"{URL}{audience.uid}/people/{zoe.uid}/").text
    assert "Zoé Roux is not in." in page
    assert "<strong>Works at Oslo</strong>" in page
    assert "(Lyon)" in page
    assert "does not hold" in page


def test_who_entered_and_left_is_told_with_when_and_why(organisation, lead, there, visit):
    audience, client = made(organisation), visit(lead)
    Member.objects.filter(given_name="Anna").update(site=key("Lyon"))
    Audience.objects.update(stale_at=Member.objects.get(given_name="Anna").organisation.created_at)
    keep_current(organisation)
    page = client.get(f"{URL}{audience.uid}/moves/", {"what": "left"}).text
    assert "Anna Berg" in page
    assert "Site" in page
    assert "Otto" not in page
    assert "The rule was changed" in client.get(f"{URL}{audience.uid}/moves/").text
    history = client.get(f"/aldermoor/people/{Member.objects.get(given_name='Anna').uid}/history/").text
    assert "Left the audience “Oslo” (site)" in history


def test_a_long_list_goes_on_behind_the_last_name_and_shows_each_once(
    organisation, lead, visit, django_assert_max_num_queries
):
    make_people(organisation, 120)
    audience, client = made(organisation, rule={"all": []}), visit(lead)
    seen, url = [], f"{URL}{audience.uid}/"
    while url:
        with django_assert_max_num_queries(30):
            page = client.get(url)
        people = page.context["people"]
        seen += [person.pk for person in people.rows]
        url = f"{URL}{audience.uid}/?after={people.after}" if people.after else ""
    assert len(seen) == len(set(seen)) == 121 > 2 * PAGE_SIZE
    moved, url = [], f"{URL}{audience.uid}/moves/"
    while url:
        page = client.get(url)
        moved += [row.pk for row, *_why in page.context["moves"]]
        url = f"{URL}{audience.uid}/moves/?after={page.context['after']}" if page.context["after"] else ""
    assert len(moved) == len(set(moved)) == 121


def test_an_audience_is_archived_and_that_is_undone_in_one_tap(organisation, lead, there, visit):
    audience, client = made(organisation), visit(lead)
    page = client.post(f"{URL}{audience.uid}/archiving/", follow=True).text
    assert f"{audience.uid}/restoring/" in page
    assert "Archived audiences" in page
    assert (
        "“Oslo” was archived." in client.get(f"{URL}?archived=1").text or "Oslo" in client.get(f"{URL}?archived=1").text
    )
    assert client.post(f"{URL}{audience.uid}/restoring/", follow=True).status_code == 200
    assert Audience.objects.get().archived_at is None


# --- Who sees what ------------------------------------------------------------------------------------------


def test_whoever_holds_a_part_sees_of_each_audience_those_of_the_part(organisation, there, visit):
    part = make_member(organisation, "part")
    grant(member=part, role=Role.LEAD, scope="site", key=key("Lyon"))
    audience, client = made(organisation, rule=at("Oslo", "Lyon")), visit(part)
    assert "1 person" in client.get(URL).text
    page = client.get(f"{URL}{audience.uid}/").text
    assert "Zoé Roux" in page
    assert "Anna" not in page
    anna = Member.objects.get(given_name="Anna")
    assert client.get(f"{URL}{audience.uid}/people/{anna.uid}/").status_code == 404
    assert client.get(f"{URL}new/").status_code == 403


@pytest.fixture
def results(organisation):
    """A condition that asks what HR may not see."""
    from milepost.audiences.conditions.manager import LeadsSomebody
    from milepost.people.permissions import MANAGE_ROLES

    class Results(LeadsSomebody):
        name, label, permission = "results", "Results", MANAGE_ROLES

    with conditions.condition._conditions.holding("results", Results()):
        yield {"condition": "results", "value": True}


def test_a_condition_that_tells_more_than_one_may_see_is_neither_used_nor_seen_through(
    organisation, lead, results, visit
):
    hr = make_member(organisation, "hanna")
    grant(member=hr, role=Role.HR)
    first = made(organisation, "First", rule=results)
    made(organisation, "Second", rule={"condition": "audience", "value": str(first.uid)})
    client = visit(hr)
    page = client.get(URL).text
    assert "First" not in page
    assert "Second" not in page
    assert client.get(f"{URL}{first.uid}/").status_code == 404
    assert client.get(f"{URL}{first.uid}/rule/").status_code == 404
    assert 'value="results"' not in client.get(f"{URL}new/").text
    sent = {"r-group": "all", "r-0-condition": "results", "do": "show"}
    assert 'value="results"' not in client.post(f"{URL}new/", sent).text
    assert "First" not in client.post(f"{URL}new/", {"r-group": "all", "r-new": "audience", "do": "add r"}).text
    sent = {"r-group": "all", "r-0-condition": "audience", "r-0-uid": str(first.uid), "name": "Third", "do": "save"}
    assert client.post(f"{URL}new/", sent).status_code == 400
    assert 'value="results"' in visit(lead).get(f"{URL}new/").text


def test_somebody_who_is_erased_leaves_no_row_and_no_rule_that_names_them(organisation, lead, there):
    from milepost.audiences.contribution import NOBODY, AudiencesContribution

    anna = Member.objects.get(given_name="Anna")
    audience = made(organisation)
    boss = made(organisation, "Team", {"condition": "manager", "value": {"uid": str(anna.uid), "how": "line"}})
    AudiencesContribution().erase(anna)
    assert not Membership.objects.filter(member=anna).exists()
    boss.refresh_from_db()
    assert boss.rule == {"all": [{"condition": "manager", "value": {"uid": NOBODY, "how": "line"}}]}
    audience.refresh_from_db()
    assert audience.size == 1
    anna.delete()
    keep_current(organisation)
    assert people_in(audience).count() == 1


def test_an_archived_audience_can_be_looked_at(organisation, lead, there, visit):
    audience = made(organisation)
    archive_audience(audience=audience, by=lead)
    assert "Bring it back" in visit(lead).get(f"{URL}{audience.uid}/").text


def test_conditions_are_classes_with_words_for_everything(organisation):
    for condition in conditions.all_conditions():
        assert isinstance(condition, Condition)
        assert str(condition.label)
