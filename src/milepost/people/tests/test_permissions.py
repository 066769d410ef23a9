"""Who may do what, and to whom: the laws of permissions and of giving roles."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.people import permissions, scopes
from milepost.people.granting import InvalidGrant, LastOwner, MoreThanYouHold, grant, revoke
from milepost.people.models import Department, Member, RoleGrant, Site
from milepost.people.organisations import create_organisation
from milepost.people.permissions import (
    IMPORT_PEOPLE,
    MANAGE_ORGANISATION,
    MANAGE_PEOPLE,
    MANAGE_ROLES,
    SEE_PEOPLE,
    Permission,
    may,
    permissions_of,
    visible,
)
from milepost.people.roles import GIVEN, ORGANISATION, Role
from milepost.people.scopes import NoSuchScope
from tests.worlds import make_member


@pytest.fixture
def house(organisation):
    """Two sites, a tree of departments, and a reporting line: anna leads bo, bo leads cai; dag is elsewhere."""
    lyon, oslo = (Site.objects.create(organisation=organisation, name=name) for name in ("Lyon", "Oslo"))
    sales = Department.objects.create(organisation=organisation, name="Sales", path="Sales")
    shops = Department.objects.create(organisation=organisation, parent=sales, name="Shops", path="Sales / Shops")
    other = Department.objects.create(organisation=organisation, name="Salesforce", path="Salesforce")
    anna = make_member(organisation, "anna", site=lyon, department=sales)
    bo = make_member(organisation, "bo", site=lyon, department=shops, manager=anna)
    cai = make_member(organisation, "cai", site=oslo, department=other, manager=bo)
    dag = make_member(organisation, "dag", site=oslo)
    return {"lyon": lyon, "oslo": oslo, "sales": sales, "shops": shops, "anna": anna, "bo": bo, "cai": cai, "dag": dag}


def names(members):
    return sorted(member.given_name for member in members)


def test_whoever_holds_nothing_sees_nobody(house):
    assert not visible(house["dag"], SEE_PEOPLE).exists()
    assert not may(house["dag"], SEE_PEOPLE)


@pytest.mark.parametrize(
    ("scope", "key", "seen"),
    [
        (ORGANISATION, None, ["Anna", "Bo", "Cai", "Dag"]),
        ("site", "lyon", ["Anna", "Bo"]),
        ("department", "sales", ["Anna", "Bo"]),
        ("department", "shops", ["Bo"]),
        ("line", "anna", ["Bo", "Cai"]),
        ("line", "bo", ["Cai"]),
    ],
)
def test_a_role_reaches_the_people_of_its_scope(house, scope, key, seen):
    dag = house["dag"]
    grant(member=dag, role=Role.HR, scope=scope, key=house[key].pk if key else None)
    assert names(visible(dag, SEE_PEOPLE)) == seen
    for person in ("anna", "bo", "cai", "dag"):
        assert may(dag, MANAGE_PEOPLE, house[person]) == (house[person].given_name in seen)


def test_two_roles_show_what_either_shows(house):
    dag = house["dag"]
    grant(member=dag, role=Role.HR, scope="department", key=house["shops"].pk)
    grant(member=dag, role=Role.HR, scope="line", key=house["bo"].pk)
    assert names(visible(dag, SEE_PEOPLE)) == ["Bo", "Cai"]


def test_what_is_done_to_the_whole_organisation_is_not_held_within_a_part_of_it(house):
    dag = house["dag"]
    grant(member=dag, role=Role.HR, scope="site", key=house["lyon"].pk)
    assert not may(dag, IMPORT_PEOPLE)
    grant(member=dag, role=Role.OWNER, scope="site", key=house["lyon"].pk)
    assert not may(dag, MANAGE_ORGANISATION)
    assert may(dag, MANAGE_ROLES)


def test_nothing_of_another_organisation_is_within_reach(house):
    other = create_organisation(slug="other", name="Other")
    eve = make_member(other, "eve", roles=["owner"])
    assert not may(eve, SEE_PEOPLE, house["anna"])
    grant(member=eve, role=Role.HR, scope="site", key=house["lyon"].pk)
    grant(member=eve, role=Role.HR, scope="line", key=house["anna"].pk)
    assert names(visible(eve, SEE_PEOPLE)) == ["Eve"]


def test_whoever_has_left_may_nothing(house):
    dag = house["dag"]
    grant(member=dag, role=Role.OWNER)
    dag.left_on = clock.today() - timedelta(days=1)
    assert not may(dag, SEE_PEOPLE)
    assert not visible(dag, SEE_PEOPLE).exists()


def test_a_room_s_own_permission_reaches_managers_and_learners_who_are_given_nothing(house):
    """The reporting line and the person themselves: roles that follow."""
    seen = Permission("praise", "praise", about=scopes.PEOPLE, roles=(Role.MANAGER, Role.LEARNER))
    with permissions.holding("praise", seen):
        assert names(visible(house["anna"], seen)) == ["Anna", "Bo", "Cai"]
        assert names(visible(house["dag"], seen)) == ["Dag"]
        assert permissions.Abilities(house["anna"], house["cai"])["praise"]
        assert not permissions.Abilities(house["dag"], house["cai"])["praise"]


def test_owners_carry_everything_and_auditors_all_that_only_reads():
    assert permissions_of(Role.OWNER) == permissions.all_permissions()
    assert all(permission.reads for permission in permissions_of(Role.AUDITOR))
    assert SEE_PEOPLE in permissions_of(Role.AUDITOR)


# --- Giving and taking ------------------------------------------------------------------------------------


def test_an_auditor_looks_until_a_day(house):
    dag, today = house["dag"], clock.today(house["dag"].organisation.time_zone)
    with pytest.raises(InvalidGrant, match="until which day"):
        grant(member=dag, role=Role.AUDITOR)
    grant(member=dag, role=Role.AUDITOR, until=today)
    assert names(visible(dag, SEE_PEOPLE)) == ["Anna", "Bo", "Cai", "Dag"]
    dag.forget_grants()
    with clock.at(clock.now() + timedelta(days=1)):
        assert not visible(dag, SEE_PEOPLE).exists()
        assert not Member.objects.with_roles().get(pk=dag.pk).roles


def test_an_expiry_ends_any_role(house):
    with pytest.raises(InvalidGrant, match="is over"):
        grant(member=house["dag"], role=Role.HR, until=clock.today() - timedelta(days=1))


def test_the_database_knows_which_grants_can_be(house):
    dag = house["dag"]
    impossible = [
        {"role": "hr", "scope": ORGANISATION, "scope_key": 1},
        {"role": "hr", "scope": "site"},
        {"role": "manager"},
        {"role": "auditor"},
    ]
    for wrong in impossible:
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleGrant.objects.create(member=dag, **wrong)
    RoleGrant.objects.create(member=dag, role="hr")
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.create(member=dag, role="hr")


def test_nobody_gives_what_they_do_not_hold(house, lead):
    anna, bo, dag = house["anna"], house["bo"], house["dag"]
    grant(member=anna, role=Role.OWNER, scope="site", key=house["lyon"].pk, by=lead)
    grant(member=bo, role=Role.HR, scope="site", key=house["lyon"].pk, by=anna)
    beyond = [
        {"member": bo, "role": Role.HR},
        {"member": bo, "role": Role.HR, "scope": "site", "key": house["oslo"].pk},
        {"member": dag, "role": Role.HR, "scope": "site", "key": house["lyon"].pk},
        {"member": anna, "role": Role.OWNER},
        {"member": bo, "role": Role.COACH},
    ]
    for wanted in beyond:
        with pytest.raises(MoreThanYouHold):
            grant(**wanted, by=anna)
    with pytest.raises(MoreThanYouHold):
        revoke(member=lead, role=Role.OWNER, by=anna)
    assert RoleGrant.objects.filter(member__in=[bo, dag]).count() == 1


def test_nobody_gives_for_longer_than_they_hold(house, lead):
    anna, bo, soon = house["anna"], house["bo"], clock.today() + timedelta(days=7)
    grant(member=anna, role=Role.OWNER, until=soon, by=lead)
    with pytest.raises(MoreThanYouHold):
        grant(member=bo, role=Role.OWNER, by=anna)
    grant(member=bo, role=Role.HR, until=soon, by=anna)
    with pytest.raises(MoreThanYouHold):
        grant(member=anna, role=Role.OWNER, by=anna)


def test_a_department_is_within_the_one_above(house, lead):
    anna, bo = house["anna"], house["bo"]
    grant(member=anna, role=Role.OWNER, scope="department", key=house["sales"].pk, by=lead)
    grant(member=bo, role=Role.HR, scope="department", key=house["shops"].pk, by=anna)
    assert names(visible(bo, SEE_PEOPLE)) == ["Bo"]


def test_an_owner_of_a_site_or_for_a_while_does_not_replace_the_last_one(house, lead):
    grant(member=house["anna"], role=Role.OWNER, scope="site", key=house["lyon"].pk)
    grant(member=house["bo"], role=Role.OWNER, until=clock.today())
    with pytest.raises(LastOwner):
        revoke(member=lead, role=Role.OWNER, by=lead)
    with pytest.raises(LastOwner):
        grant(member=lead, role=Role.OWNER, until=clock.today(), by=lead)


def test_the_journal_tells_within_what_and_until_when(house, lead):
    until = clock.today() + timedelta(days=3)
    grant(member=house["bo"], role=Role.HR, scope="line", key=house["anna"].pk, until=until, by=lead)
    revoke(member=house["bo"], role=Role.HR, scope="line", key=house["anna"].pk, by=lead)
    told = {"role": "hr", "scope": "line", "within": str(house["anna"].uid), "until": until.isoformat()}
    facts = Entry.objects.filter(verb__in=["granted", "revoked"], object_id=str(house["bo"].uid)).order_by("pk")
    assert [fact.content["result"] for fact in facts] == [told, told]


def test_a_scope_is_found_by_the_name_that_somebody_types(house, organisation):
    find = {name: scopes.kinds.get(name).find for name in ("site", "department", "line")}
    assert find["site"](organisation, "lyon ") == house["lyon"].pk
    assert find["department"](organisation, "Sales / Shops") == find["department"](organisation, "Shops")
    assert find["line"](organisation, house["anna"].email) == find["line"](organisation, "Anna Nygård")
    with pytest.raises(NoSuchScope, match="no “Paris”"):
        find["site"](organisation, "Paris")


@pytest.fixture
def giver(house, organisation):
    return make_member(organisation, "gil")


PARTS = [
    (ORGANISATION, None),
    ("site", "lyon"),
    ("site", "oslo"),
    ("department", "sales"),
    ("department", "shops"),
    ("line", "anna"),
    ("line", "bo"),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    held=st.lists(st.tuples(st.sampled_from([Role.OWNER, Role.HR, Role.LEAD]), st.sampled_from(PARTS)), max_size=3),
    role=st.sampled_from([role for role in GIVEN if role != Role.AUDITOR]),
    part=st.sampled_from(PARTS),
    to=st.sampled_from(["anna", "bo", "cai", "dag"]),
)
def test_whatever_is_given_was_held_by_whoever_gave_it(house, giver, held, role, part, to):
    """A law: after any gift, the one who received it reaches nobody whom the giver does not reach."""
    RoleGrant.objects.filter(member__organisation=giver.organisation).delete()
    for own, (scope, key) in held:
        grant(member=giver, role=own, scope=scope, key=house[key].pk if key else None)
    receiver, (scope, key) = house[to], part
    receiver.forget_grants()
    try:
        grant(member=receiver, role=role, scope=scope, key=house[key].pk if key else None, by=giver)
    except MoreThanYouHold:
        assert not RoleGrant.objects.filter(member=receiver).exists()
        return
    assert may(giver, MANAGE_ROLES, receiver)
    for permission in permissions_of(role):
        assert set(visible(receiver, permission)) <= set(visible(giver, permission)) | {receiver}
        assert may(giver, permission) or not may(receiver, permission)
