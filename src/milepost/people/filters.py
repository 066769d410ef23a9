"""The filter over people that several pages share: read from a query, shown as controls, kept in links."""

from collections.abc import Mapping
from functools import cached_property

from milepost.core.queries import key_of, text_of
from milepost.people.models import Department, MemberQuerySet, Organisation, Site
from milepost.people.queries import filter_members, seniorities
from milepost.people.roles import Role


class PeopleFilter:
    """What was chosen in the controls, and what can be chosen."""

    def __init__(self, organisation: Organisation, query: Mapping[str, str]) -> None:
        self.organisation = organisation
        self.text = text_of(query, "q")
        self.site = key_of(query, "site")
        self.department = key_of(query, "department")
        self.seniority = text_of(query, "seniority", limit=60)
        self.role = query.get("role", "") if query.get("role", "") in Role.values else ""
        self.status = query.get("status", "active") if query.get("status") in {"left", "all"} else "active"

    def members(self) -> MemberQuerySet:
        """The people chosen."""
        return filter_members(
            self.organisation,
            text=self.text,
            site=self.site,
            department=self.department,
            seniority=self.seniority,
            role=self.role,
            status=self.status,
        )

    @property
    def is_narrow(self) -> bool:
        """Whether anything is chosen at all."""
        return bool(self.text or self.site or self.department or self.seniority or self.role or self.status != "active")

    @cached_property
    def sites(self) -> list[Site]:
        return list(Site.objects.filter(organisation=self.organisation))

    @cached_property
    def departments(self) -> list[Department]:
        return list(Department.objects.filter(organisation=self.organisation))

    @cached_property
    def seniorities(self) -> list[str]:
        return seniorities(self.organisation)

    @property
    def roles(self) -> list[tuple[str, str]]:
        return [(role.value, str(role.label)) for role in Role]
