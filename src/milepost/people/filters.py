"""The filter over people that several pages share: read from a query, shown as controls, kept in links.

A room above that knows another way to choose people registers it (`registered.py`), and has it wherever people are chosen:

    narrowings.register("audience", AudienceNarrowing())
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Model, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from milepost.core.queries import key_of, text_of
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.people.models import Department, Member, MemberQuerySet, Site
from milepost.people.permissions import Permission, sees_everybody, visible
from milepost.people.queries import filter_members, seniorities
from milepost.people.roles import GIVEN

FIELDS = frozenset({"q", "site", "department", "seniority", "role", "status"})
NAMED = 50  # so many people are named one by one, and to do something to more of them is asked about


LONGEST = 64  # characters of what a room's control sends


class Narrowing(ABC):
    """A further control of the filter, a list from which one chooses."""

    label: "str | Promise"
    nothing: "str | Promise"  # its first option, which narrows nothing

    @abstractmethod
    def choices(self, member: Member) -> Sequence[tuple[str, str]]:
        """What this member can choose, each with what it is called; with none there is no control."""

    @abstractmethod
    def q(self, member: Member, value: str) -> Q:
        """Whom the choice means. What can't be chosen means nobody: a page must not act on more people than it showed."""


narrowings: Registry[Narrowing] = Registry("way to choose people")


@dataclass(frozen=True)
class Control:
    """A further control as a page shows it: its name in the query, what is chosen, and what can be."""

    name: str
    narrowing: Narrowing
    value: str
    choices: Sequence[tuple[str, str]]

    @property
    def control_id(self) -> str:
        return f"filter-{self.name}"


class NobodyChosen(Refused):
    """A form that acts on everybody whom a page showed says nothing of whom it showed."""

    sentence = gettext_lazy("Nobody was chosen, so nothing was done. Choose on the page for whom it is meant.")
    status = 400


@dataclass(frozen=True)
class Chosen:
    """Those to whom something is about to be done, as a page shows them: how many they are, and the first by name."""

    count: int
    named: list[Member]

    @classmethod
    def of(cls, members: MemberQuerySet) -> "Chosen":
        return cls(members.count(), list(members.select_related("site", "department")[:NAMED]))

    @property
    def others(self) -> int:
        """How many are not named."""
        return self.count - len(self.named)

    @property
    def are_many(self) -> bool:
        """Whether somebody is asked once more before it is done to them."""
        return self.count > NAMED


class PeopleFilter:
    """What was chosen in the controls, and what can be chosen: those to whom `member` may do `permission`, never more.

    So whatever is done to “everybody whom the filters show” stays within the scope of whoever does it.
    """

    def __init__(
        self, member: Member, permission: Permission, query: Mapping[str, str], thing: Model | None = None
    ) -> None:
        self.says_whom = bool((FIELDS | set(narrowings.names())) & set(query))
        self._member = member
        self.reach = visible(member, permission, thing)
        self.sees_everybody = sees_everybody(member, permission)
        self.organisation = member.organisation
        self.text = text_of(query, "q")
        self.site = key_of(query, "site")
        self.department = key_of(query, "department")
        self.seniority = text_of(query, "seniority", limit=60)
        self.role = query.get("role", "") if query.get("role", "") in GIVEN else ""
        self.status = query.get("status", "active") if query.get("status") in {"away", "left", "all"} else "active"
        sent = {name: text_of(query, name, limit=LONGEST) for name in narrowings.names()}
        self.further = {name: value for name, value in sent.items() if value}

    def members(self, *, status: str = "") -> MemberQuerySet:
        """The people chosen; with `status`, whatever is chosen of that."""
        members = filter_members(
            self.reach,
            organisation=self.organisation,
            text=self.text,
            site=self.site,
            department=self.department,
            seniority=self.seniority,
            role=self.role,
            status=status or self.status,
        )
        for name, value in self.further.items():
            members = members.filter(narrowings.get(name).q(self._member, value))
        return members

    @cached_property
    def controls(self) -> list[Control]:
        """What rooms above add to the filter."""
        found = [(name, one, one.choices(self._member)) for name, one in narrowings.items()]
        return [Control(name, one, self.further.get(name, ""), choices) for name, one, choices in found if choices]

    def candidates(self) -> MemberQuerySet:
        """Whom a page that does something to people means: nobody until somebody says whom, be it everybody."""
        return self.members() if self.says_whom else self.reach.none()

    def shown(self) -> MemberQuerySet:
        """The people whom the page showed that a form comes from, as it says. Raises `NobodyChosen` where it says nothing."""
        if not self.says_whom:
            raise NobodyChosen
        return self.members()

    @property
    def is_narrow(self) -> bool:
        """Whether anything is chosen at all."""
        return self.names_some or bool(self.role or self.status != "active")

    @property
    def names_some(self) -> bool:
        """Whether some are chosen by who they are, and not by role or status alone."""
        return bool(self.text or self.site or self.department or self.seniority or self.further)

    @cached_property
    def sites(self) -> list[Site]:
        sites = Site.objects.filter(organisation=self.organisation)
        return list(sites if self.sees_everybody else sites.filter(pk__in=self.reach.order_by().values("site")))

    @cached_property
    def departments(self) -> list[Department]:
        departments = Department.objects.filter(organisation=self.organisation)
        if not self.sees_everybody:
            departments = departments.filter(pk__in=self.reach.order_by().values("department"))
        return list(departments)

    @cached_property
    def seniorities(self) -> list[str]:
        return seniorities(self.reach)

    @property
    def roles(self) -> list[tuple[str, str]]:
        return [(role.value, str(role.label)) for role in GIVEN]
