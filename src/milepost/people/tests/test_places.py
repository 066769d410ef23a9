"""Sites and departments: added, renamed, emptied into another, removed when nothing stands in them."""

from datetime import UTC, datetime

import pytest

from milepost.core import clock
from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.people.country import country_of_site
from milepost.people.granting import grant
from milepost.people.importing import HRFile, import_people
from milepost.people.models import BulkAct, Department, Member, Site
from milepost.people.places import Place, PlaceRefused, add_place, locate_site, move_people, remove_place, rename_place
from milepost.people.roles import Role
from milepost.people.undoing import undo
from tests.worlds import make_member

PEOPLE = (
    "Employee number,First name,Last name,Site,Department\n"
    "1,Anna,Berg,Oslo,Operations / Logistics\n2,Otto,Holm,Oslo,Operations\n3,Zoé,Roux,Lyon,Finance\n"
)


@pytest.fixture
def there(organisation):
    import_people(organisation=organisation, file=HRFile(read_table(PEOPLE.encode())))


def site(name):
    return Place("site", Site.objects.get(name=name))


def department(path):
    return Place("department", Department.objects.get(path=path))


def test_a_department_is_added_with_those_above_it_and_once(organisation, lead, there):
    add_place(organisation=organisation, kind="department", name="Operations > Ships", by=lead)
    assert Department.objects.get(path="Operations / Ships").parent.path == "Operations"
    with pytest.raises(PlaceRefused, match="there already"):
        add_place(organisation=organisation, kind="department", name="operations/ships", by=lead)


def test_a_department_that_is_renamed_takes_those_below_along(organisation, lead, there):
    rename_place(place=department("Operations"), name="Plant", by=lead)
    assert Member.objects.get(employee_number="1").department.path == "Plant / Logistics"
    assert Entry.objects.get(fact="place.renamed").content["result"] == {
        "kind": "department", "before": "Operations", "after": "Plant",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"), [("Lyon", "there already"), ("lyon", "there already"), (" ", "a name"), ("x" * 121, "120")]
)
def test_a_name_that_can_t_be_is_refused(organisation, lead, there, name, words):
    with pytest.raises(PlaceRefused, match=words):
        rename_place(place=site("Oslo"), name=name, by=lead)
    assert site("Oslo")


def test_a_slash_in_a_new_name_makes_no_level(organisation, lead, there):
    rename_place(place=department("Operations / Logistics"), name="In/Out", by=lead)
    assert Member.objects.get(employee_number="1").department.path == "Operations / In-Out"


def test_the_letters_of_a_name_may_change_their_case(organisation, lead, there):
    rename_place(place=site("Oslo"), name="OSLO", by=lead)
    assert site("OSLO")


def test_everybody_moves_from_one_site_to_another_and_back(organisation, lead, there):
    count, act = move_people(place=site("Oslo"), into=site("Lyon"), by=lead)
    assert (count, Member.objects.filter(site__name="Lyon").count()) == (2, 3)
    undo(act=BulkAct.objects.get(uid=act), by=lead)
    assert Member.objects.filter(site__name="Oslo").count() == 2


def test_who_can_t_go_back_since_their_site_was_removed_stays(organisation, lead, there):
    _count, act = move_people(place=site("Oslo"), into=site("Lyon"), by=lead)
    remove_place(place=site("Oslo"), by=lead)
    undone = undo(act=BulkAct.objects.get(uid=act), by=lead)
    assert (undone.taken_back, {row.outcome for row in undone.people.all()}) == (0, {"place"})


def test_what_is_in_use_is_not_removed(organisation, lead, there):
    bergen = add_place(organisation=organisation, kind="site", name="Bergen", by=lead)
    grant(member=make_member(organisation, "nils"), role=Role.HR, scope="site", key=bergen.row.pk)
    for used in (site("Oslo"), bergen, department("Operations")):
        with pytest.raises(PlaceRefused, match="in use"):
            remove_place(place=used, by=lead)
    ships = add_place(organisation=organisation, kind="department", name="Ships", by=lead)
    remove_place(place=ships, by=lead)
    assert not Department.objects.filter(path="Ships").exists()


def test_pages_do_all_of_it(organisation, visit, lead, there):
    client, base = visit(lead), "/aldermoor/people/places/"
    assert "Operations / Logistics" in client.get(base).text
    assert "“Bergen” was added." in client.post(f"{base}site/", {"name": "Bergen"}, follow=True).text
    oslo, bergen = site("Oslo").row.pk, site("Bergen").row.pk
    assert "2 people moved to “Bergen”." in client.post(f"{base}site/{oslo}/", {"into": bergen}, follow=True).text
    assert "“Oslo” was removed." in client.post(f"{base}site/{oslo}/", {"remove": "1"}, follow=True).text
    assert "there already" in client.post(f"{base}site/{bergen}/", {"name": "Lyon"}, follow=True).text
    assert client.post(f"{base}site/{bergen}/", {"into": "x"}).status_code == 404


def test_names_are_compared_as_a_file_compares_them(organisation, lead, there):
    add_place(organisation=organisation, kind="site", name="Orléans", by=lead)
    with pytest.raises(PlaceRefused, match="there already"):
        add_place(organisation=organisation, kind="site", name="ORLÉANS", by=lead)
    with pytest.raises(PlaceRefused, match="there already"):
        rename_place(place=site("Lyon"), name="orlÉans", by=lead)
    assert Entry.objects.filter(fact="place.added").count() == 1


def test_a_department_is_not_renamed_into_another(organisation, lead, there):
    rename_place(place=department("Operations"), name="In > Out | Yard", by=lead)
    assert Department.objects.filter(name="In - Out - Yard", path="In - Out - Yard", parent=None).exists()


def test_a_name_that_is_too_long_is_refused_not_cut(organisation, lead, there):
    path = " / ".join([*(letter * 120 for letter in "abcd"), "e" * 90])
    add_place(organisation=organisation, kind="department", name=path, by=lead)
    for name in ("f" * 120, "f" * 121):
        with pytest.raises(PlaceRefused, match=r"too long|Longer than 120"):
            rename_place(place=department(path), name=name, by=lead)


def test_what_clears_a_cell_is_no_name(organisation, lead):
    with pytest.raises(PlaceRefused, match="Give it a name"):
        add_place(organisation=organisation, kind="site", name="[Empty]", by=lead)


def test_a_site_has_a_country_and_a_time_zone_of_its_own_and_the_page_its_next_holidays(
    organisation, visit, lead, there, monkeypatch
):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 5, 10, 12, tzinfo=UTC))
    locate_site(place=site("Oslo"), country="NO", time_zone="Europe/Oslo", by=lead)
    assert Entry.objects.get(fact="place.located").content["result"] == {"country": "NO", "time_zone": "Europe/Oslo"}
    assert (country_of_site(Site.objects.get(name="Oslo")), country_of_site(Site.objects.get(name="Lyon"))) == (
        "NO",
        "FR",
    )
    page = visit(lead).get("/aldermoor/people/places/").text
    assert "Constitution Day" in page and "Ascension Day" in page and "Europe/Oslo" in page
    locate_site(place=site("Oslo"), country="NO", time_zone="Europe/Oslo", by=lead)
    assert Entry.objects.filter(fact="place.located").count() == 1


@pytest.mark.parametrize(("country", "zone"), [("XX", ""), ("", "Europe/Nowhere"), ("no", "")])
def test_a_country_or_time_zone_that_there_is_not_is_refused(organisation, visit, lead, there, country, zone):
    with pytest.raises(PlaceRefused):
        locate_site(place=site("Oslo"), country=country, time_zone=zone, by=lead)
    with pytest.raises(PlaceRefused):
        locate_site(place=department("Finance"), country="FR", time_zone="", by=lead)
    url = f"/aldermoor/people/places/site/{site('Oslo').row.pk}/"
    assert visit(lead).post(url, {"country": "FR", "time_zone": "Europe/Paris"}, follow=True).status_code == 200
    assert Site.objects.get(name="Oslo").country == "FR"
