"""Reads of people that are more than a filter."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import FETCH_PEERS, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from milepost.core.words import date_format
from milepost.people import scopes
from milepost.people.models import Department, Member, MemberQuerySet, Organisation, RoleGrant
from milepost.people.permissions import MANAGE_ROLES, carrying
from milepost.people.roles import DESCRIPTIONS, GIVEN, ORGANISATION, Role


def filter_members(
    members: MemberQuerySet,
    *,
    organisation: Organisation,
    text: str = "",
    site: int | None = None,
    department: int | None = None,
    seniority: str = "",
    role: str = "",
    status: str = "active",
) -> MemberQuerySet:
    """Those of the members, all of one organisation, that fit every filter given; a department includes those below it.

    `status` is active, away, left or all.
    """
    members = members.fetch_mode(FETCH_PEERS)
    if status == "active":
        members = members.active()
    elif status == "away":
        members = members.active().absent_today()
    elif status == "left":
        members = members.exclude(pk__in=Member.objects.filter(organisation=organisation).active().values("pk"))
    if text:
        members = members.matching(text)
    if site:
        members = members.filter(site_id=site)
    if department:
        members = members.filter(department__in=departments_below(organisation, department))
    if seniority:
        members = members.filter(seniority=seniority)
    if role:
        members = members.filter(pk__in=RoleGrant.objects.current().filter(role=role).values("member"))
    return members


@dataclass(frozen=True)
class Held:
    """A grant as people read it: the role, within what unless it is the whole organisation, and until when."""

    grant: RoleGrant
    role: Role
    within: str

    @property
    def until(self) -> str:
        """Its last day in words; empty when it has none."""
        day = self.grant.expires_on
        return _("until %(day)s") % {"day": date_format(day)} if day else ""

    @property
    def description(self) -> Promise:
        return DESCRIPTIONS[self.role]


def as_held(grants: Iterable[RoleGrant]) -> list[Held]:
    """The grants with the names of what they are held within, by role; one query for each kind of scope."""
    in_order = sorted(grants, key=lambda grant: (GIVEN.index(Role(grant.role)), grant.scope, grant.pk))
    keys: dict[str, set[int]] = defaultdict(set)
    for grant in in_order:
        if grant.scope_key is not None:
            keys[grant.scope].add(grant.scope_key)
    phrases = {
        (scope, key): str(scopes.kinds.get(scope).phrase) % {"name": named.name}
        for scope, which in keys.items()
        for key, named in scopes.kinds.get(scope).named(which).items()
    }
    return [Held(grant, Role(grant.role), phrases.get((grant.scope, grant.scope_key or 0), "")) for grant in in_order]


def scopes_to_give(by: Member) -> list[str]:
    """What can be typed to name a scope in which they give a role: names of the organisation, or of what they hold."""
    held = carrying(by, MANAGE_ROLES)
    if any(grant.scope == ORGANISATION for grant in held):
        return scopes.names_in(by.organisation)
    named = [scopes.kinds.get(grant.scope).named([grant.scope_key or 0]) for grant in held]
    return sorted({scope.name for names in named for scope in names.values()})


def departments_below(organisation: Organisation, department: int) -> "list[int]":
    """The department and all departments under it, as keys."""
    top = Department.objects.filter(organisation=organisation, pk=department).first()
    if top is None:
        return []
    below = Department.objects.filter(organisation=organisation).filter(
        Q(pk=top.pk) | Q(path__startswith=top.path + " / ")
    )
    return list(below.values_list("pk", flat=True))


def seniorities(members: MemberQuerySet) -> list[str]:
    """The seniorities that occur among the members, sorted."""
    placed = members.exclude(seniority="")
    return list(placed.order_by("seniority").values_list("seniority", flat=True).distinct())
