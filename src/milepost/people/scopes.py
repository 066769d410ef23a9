"""How far a grant reaches: the whole organisation, a site, a department with those below it, a reporting line.

A room that knows another way in which people or things belong together registers its kind (`registered.py`):

    scopes.kinds.register("course", CourseScope())

Who may do what to whom with that is asked of `permissions` (`may`, `visible`).

A grant names the kind and the key of the one that is meant; the key is the row's own, and never leaves the database.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Model, Q
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.people.models import Department, Member, MemberQuerySet, Organisation, Site, plain
from milepost.people.roles import ORGANISATION

PEOPLE = "people"
RECORDS = "records"  # all that is known of a person: within whatever holds the whole person, as no course does
SUGGESTED = 200  # names offered while somebody types one


class NoSuchScope(Refused):
    """What was named is not there, or is not one alone; the message says which."""


@dataclass(frozen=True)
class Named:
    """What a scope is about: its name, and an identity that holds in any installation, for the journal."""

    name: str
    identity: str


class ScopeKind(ABC):
    """One way in which people belong together. `about` says which permissions can be held within it."""

    label: ClassVar[str | Promise]  # as one chooses it: “A site”
    phrase: ClassVar[str | Promise]  # as one reads it, with the name of the one: “site %(name)s”
    about: ClassVar[frozenset[str]] = frozenset({PEOPLE, RECORDS})
    is_given: ClassVar[bool] = True  # whether a grant can name it; otherwise it only follows

    @abstractmethod
    def people(self, keys: Collection[int]) -> Q:
        """The condition on members that holds for those within any of these."""

    def covers(self, key: int, thing: Model) -> bool:
        """Whether the thing (not a member) may be looked at within this scope; its people are those of `people`.

        A thing belongs to the whole organisation unless the kind knows better.
        """
        return True

    def contains(self, outer: int, kind: str, inner: int) -> bool:
        """Whether everything within the other scope is within this one."""
        return False

    @abstractmethod
    def find(self, organisation: Organisation, text: str) -> int:
        """The key of what somebody typed. Raises `NoSuchScope`."""

    def names(self, organisation: Organisation) -> list[str]:
        """What somebody might type, for the first of them to be offered."""
        return []

    @abstractmethod
    def named(self, keys: Collection[int]) -> dict[int, Named]:
        """Each of those that still exist, by key: how it is named. One query."""


kinds: Registry[ScopeKind] = Registry("kind of scope")


def can_hold(scope: str, about: str) -> bool:
    """Whether what is permitted about this can be held within a scope of this kind."""
    return scope == ORGANISATION or (scope in kinds and about in kinds.get(scope).about)


def given() -> list[tuple[str, ScopeKind]]:
    """The kinds that somebody can choose."""
    return [(name, kind) for name, kind in kinds.items() if kind.is_given]


def names_in(organisation: Organisation) -> list[str]:
    """What can be typed to name a scope, for a list of suggestions. One query for each kind."""
    return [name for _kind, kind in given() for name in kind.names(organisation)]


def one_of[M: Model](rows: list[M], text: str) -> int:
    """The key of the only row. Raises `NoSuchScope` where there is none, or several."""
    if not rows:
        raise NoSuchScope(_("There is no “%(name)s”.") % {"name": text[:80]}, field="which")
    if len(rows) > 1:
        raise NoSuchScope(_("“%(name)s” names several. Be more precise.") % {"name": text[:80]}, field="which")
    return int(rows[0].pk)


class SiteScope(ScopeKind):
    """Those who work at a site."""

    label = gettext_lazy("A site")
    phrase = gettext_lazy("site %(name)s")

    def people(self, keys: Collection[int]) -> Q:
        return Q(site__in=sorted(keys))

    def find(self, organisation: Organisation, text: str) -> int:
        return one_of(list(Site.objects.filter(organisation=organisation, name__iexact=text.strip())[:2]), text)

    def names(self, organisation: Organisation) -> list[str]:
        return list(Site.objects.filter(organisation=organisation).values_list("name", flat=True)[:SUGGESTED])

    def named(self, keys: Collection[int]) -> dict[int, Named]:
        rows = Site.objects.filter(pk__in=keys).values_list("pk", "name")
        return {key: Named(name, name) for key, name in rows}


class DepartmentScope(ScopeKind):
    """Those of a department and of all below it."""

    label = gettext_lazy("A department and those below")
    phrase = gettext_lazy("department %(name)s")

    def people(self, keys: Collection[int]) -> Q:
        reached = Q(pk__in=[])
        for path in Department.objects.filter(pk__in=keys).values_list("path", flat=True):
            reached |= Q(department__path=path) | Q(department__path__startswith=path + " / ")
        return reached

    def contains(self, outer: int, kind: str, inner: int) -> bool:
        if kind != "department":
            return False
        paths = dict(Department.objects.filter(pk__in=(outer, inner)).values_list("pk", "path"))
        return outer in paths and inner in paths and paths[inner].startswith(paths[outer] + " / ")

    def find(self, organisation: Organisation, text: str) -> int:
        departments = Department.objects.filter(organisation=organisation)
        exact = list(departments.filter(path__iexact=text.strip())[:2])
        return one_of(exact or list(departments.filter(name__iexact=text.strip())[:2]), text)

    def names(self, organisation: Organisation) -> list[str]:
        return list(Department.objects.filter(organisation=organisation).values_list("path", flat=True)[:SUGGESTED])

    def named(self, keys: Collection[int]) -> dict[int, Named]:
        rows = Department.objects.filter(pk__in=keys).values_list("pk", "path")
        return {key: Named(path, path) for key, path in rows}


# All who report to somebody, directly or through others; UNION ends a circle, should there be one.
_BELOW = """
    WITH RECURSIVE below(id) AS (
        SELECT id FROM people_member WHERE manager_id = %s
        UNION SELECT people_member.id FROM people_member JOIN below ON people_member.manager_id = below.id
    ) SELECT id FROM below
"""


class LineScope(ScopeKind):
    """Those who report to somebody, directly or through others; not that person themselves."""

    label = gettext_lazy("A reporting line")
    phrase = gettext_lazy("reporting line of %(name)s")

    def people(self, keys: Collection[int]) -> Q:
        reached = Q(pk__in=[])
        for key in sorted(keys):
            reached |= Q(pk__in=RawSQL(_BELOW, (key,)))  # noqa: S611 (the only value is bound)
        return reached

    def contains(self, outer: int, kind: str, inner: int) -> bool:
        return kind == "line" and Member.objects.filter(self.people({outer}), pk=inner).exists()

    def find(self, organisation: Organisation, text: str) -> int:
        everybody: MemberQuerySet = Member.objects.filter(organisation=organisation)
        typed = text.strip()
        exact = everybody.filter(Q(email=typed.lower()) | Q(employee_number=typed))
        alike = everybody.matching(typed)[:SUGGESTED]
        called_so = [member for member in alike if plain(member.full_name) == plain(typed)]
        return one_of(list(exact[:2]) or called_so, text)

    def named(self, keys: Collection[int]) -> dict[int, Named]:
        people = Member.objects.filter(pk__in=keys)
        return {member.pk: Named(member.full_name, str(member.uid)) for member in people}


class OneselfScope(ScopeKind):
    """Somebody alone: what every learner holds about themselves."""

    label = gettext_lazy("Oneself")
    phrase = gettext_lazy("%(name)s alone")
    is_given = False

    def people(self, keys: Collection[int]) -> Q:
        return Q(pk__in=sorted(keys))

    def covers(self, key: int, thing: Model) -> bool:
        return getattr(thing, "member_id", None) == key

    def find(self, organisation: Organisation, text: str) -> int:
        """Nobody is named here: what one holds about oneself follows from being a member."""
        raise NoSuchScope(_("There is no “%(name)s”.") % {"name": text[:80]}, field="which")

    def named(self, keys: Collection[int]) -> dict[int, Named]:
        return LineScope().named(keys)
