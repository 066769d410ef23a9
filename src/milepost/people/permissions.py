"""Who may do what, and to whom: the one place that every page, verb and program asks.

A room registers what can be permitted in it, and says which roles carry it (`registered.py`):

    SEE_RESULTS = Permission("see_results", _("see results"), about=PEOPLE, roles=(Role.LEAD,), reads=True)
    permissions.register(SEE_RESULTS)

and asks before it shows or changes anything:

    @requires(SEE_RESULTS)                                     # a page: 403 for whoever holds it nowhere
    may(member, AUTHOR_COURSES, course)                        # this one thing
    visible(member, SEE_RESULTS, course)                       # the people whom the member may see, as a queryset

A role is a named set of permissions; a grant gives it to a member within a scope (`milepost.people.scopes`), for good
or until a day. Two roles follow and are never given: whoever leads somebody is a manager, within their reporting line;
every member is a learner, within themselves. Owners carry every permission, auditors every one that only reads.
What must stay true: whoever has no grant sees nobody, more grants never show less, and a scope never reaches into
another organisation (`tests/test_permissions.py` holds these laws).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from milepost.core.registry import Registry
from milepost.people import scopes
from milepost.people.models import Member, MemberQuerySet, RoleGrant
from milepost.people.roles import ORGANISATION, Role
from milepost.people.scopes import RECORDS


@dataclass(frozen=True)
class Permission:
    """Something that somebody may do.

    `about` says what it is done to, and so within which scopes it can be held: `ORGANISATION` in the whole
    organisation alone, `PEOPLE` within any scope that is made of people, `RECORDS` within those that hold a person with all
    that is known of them, or a word of a scope kind of a higher room.
    `roles` are those that carry it beside the owner; with `reads`, which promises that it changes nothing, auditors too.
    """

    name: str
    label: str | Promise
    about: str = ORGANISATION
    roles: tuple[Role, ...] = ()
    reads: bool = False

    def is_carried_by(self, role: str) -> bool:
        """Whether the role is one that may."""
        return role in self.roles or role == Role.OWNER or (self.reads and role == Role.AUDITOR)


_permissions: Registry[Permission] = Registry("permission")
get = _permissions.get
all_permissions = _permissions.all
holding = _permissions.holding


def register(*permissions: Permission) -> None:
    """Add what a room permits. Raises `RegisteredTwice`."""
    for permission in permissions:
        _permissions.register(permission.name, permission)


def permissions_of(role: Role) -> list[Permission]:
    """Everything that the role may do, in the order of the rooms."""
    return [permission for permission in _permissions.all() if permission.is_carried_by(role)]


def may(member: Member, permission: Permission, thing: models.Model | None = None) -> bool:
    """Whether the member may do this to the thing: a person, a course, anything of a room. Without a thing, to any.

    What belongs to a person (by its `member`) is within a scope if the person is; what belongs to a course (by its
    `course`) is within the scope of that course. What belongs to somebody outside (its `member` is None) is within the
    whole organisation alone. For a person under a scope it asks the database once; all else follows from the grants,
    which a request reads once.
    """
    if thing is not None and getattr(thing, "organisation_id", member.organisation_id) != member.organisation_id:
        return False
    grants = carrying(member, permission)
    if thing is None or any(grant.scope == ORGANISATION for grant in grants):
        return bool(grants)
    is_person = isinstance(thing, Member)
    person = thing.pk if is_person else getattr(thing, "member_id", None)
    if person is not None:
        return visible(member, permission, None if is_person else thing).filter(pk=person).exists()
    if hasattr(thing, "member_id"):
        return False
    return any(scopes.kinds.get(grant.scope).covers(grant.scope_key or 0, thing) for grant in grants)


def visible(member: Member, permission: Permission, thing: models.Model | None = None) -> MemberQuerySet:
    """The people to whom the member may do this, in their organisation; with a thing, as far as it is concerned.

    Within the scope of one course somebody sees those who are in it, when it is asked about that course or about none.
    """
    everybody = Member.objects.filter(organisation=member.organisation_id)
    within: dict[str, set[int]] = defaultdict(set)
    for grant in carrying(member, permission):
        if grant.scope == ORGANISATION:
            return everybody
        if thing is None or scopes.kinds.get(grant.scope).covers(grant.scope_key or 0, thing):
            within[grant.scope].add(grant.scope_key or 0)
    if not within:
        return everybody.none()
    reached = models.Q()
    for name, keys in within.items():
        reached |= scopes.kinds.get(name).people(keys)
    return everybody.filter(reached)


def sees_everybody(member: Member, permission: Permission) -> bool:
    """Whether nobody of the organisation is out of the member's reach, so that a list needs no condition."""
    return any(grant.scope == ORGANISATION for grant in carrying(member, permission))


def carrying(member: Member, permission: Permission) -> list[RoleGrant]:
    """The member's grants, given and following, that carry the permission in their scope."""
    if member.has_left:
        return []
    return [
        grant
        for grant in (*member.grants, *_following(member, permission.roles))
        if permission.is_carried_by(grant.role) and scopes.can_hold(grant.scope, permission.about)
    ]


def _following(member: Member, roles: Iterable[Role]) -> Iterator[RoleGrant]:
    if Role.LEARNER in roles:
        yield RoleGrant(member=member, role=Role.LEARNER, scope="oneself", scope_key=member.pk)
    if Role.MANAGER in roles and member.leads_somebody:
        yield RoleGrant(member=member, role=Role.MANAGER, scope="line", scope_key=member.pk)


class Abilities:
    """What a member may do, by name, for templates: `can.enrol_people`; with a thing, what they may do to it."""

    def __init__(self, member: Member, thing: models.Model | None = None) -> None:
        self._member = member
        self._thing = thing
        self._known: dict[str, bool] = {}

    def __getitem__(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = may(self._member, get(name), self._thing)
        return self._known[name]


# --- What this room permits -------------------------------------------------------------------------------

SEE_PEOPLE = Permission(
    "see_people", _("see people and their history"), about=RECORDS, roles=(Role.LEAD, Role.HR), reads=True
)
MANAGE_PEOPLE = Permission(
    "manage_people",
    _("invite people, answer their requests about their data"),
    about=RECORDS,
    roles=(Role.LEAD, Role.HR),
)
IMPORT_PEOPLE = Permission("import_people", _("import the HR file, change records"), roles=(Role.LEAD, Role.HR))
MANAGE_ROLES = Permission("manage_roles", _("give and withdraw roles"), about=RECORDS)
MANAGE_ORGANISATION = Permission("manage_organisation", _("change the organisation’s settings"), roles=(Role.LEAD,))


def of_this_room() -> tuple[Permission, ...]:
    """Those above, for `registered.py`."""
    return SEE_PEOPLE, MANAGE_PEOPLE, IMPORT_PEOPLE, MANAGE_ROLES, MANAGE_ORGANISATION
