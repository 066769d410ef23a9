"""What somebody is recognised by: e-mail, number, last day. Whoever changes these of a person moves that person's roles.

HR could take an owner's role along to a mailbox of their own, or lock the owner out by a leaving date; so changing them of
somebody who holds a role takes the right to give that role. This is the one place that says so. Every path asks here
once it holds the organisation's row (the HR file today; an interface that changes a record, a merge or an aid to sign in
tomorrow), and calls `tell_moved` in its transaction. `tests/test_recognising.py` knows the places that write them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from milepost.core.registry import Registry
from milepost.people.granting import may_give
from milepost.people.models import Member, Organisation, RoleGrant
from milepost.people.roles import Role

RECOGNISED_BY = ("email", "employee_number", "left_on")


@dataclass(frozen=True)
class Moved:
    """Somebody who holds a role, or has joined, and has another address than before."""

    member: Member
    old_address: str
    holds_role: bool = True


# What tells people that their address was changed: the room that speaks to them stands above this one and hangs itself
# here. It is called in the transaction, with whoever changed it (None: the installation).
carriers: Registry[Callable[[Sequence[Moved], Member | None], None]] = Registry("carrier of changed addresses")


class Holders:
    """Who holds a role in an organisation, read once, and of whom `by` may change what they are recognised by.

    Without `by` it is the installation that changes, which may. Those who have left hold their roles still: they come back
    with them.
    """

    def __init__(self, organisation: Organisation, by: Member | None = None) -> None:
        self._by = by
        if by is not None:
            by.forget_grants()  # a change that came before this one may have taken some
        grants = RoleGrant.objects.current().filter(member__organisation=organisation)
        self._held: dict[int, list[RoleGrant]] = defaultdict(list)
        for held in grants.select_related("member").order_by("pk"):
            held.member.organisation = organisation
            self._held[held.member_id].append(held)
        self._lasting = {
            key
            for key, held in self._held.items()
            if held[0].member.left_on is None and any(grant.owns_for_good for grant in held)
        }

    def __contains__(self, member: Member) -> bool:
        """Whether the person holds a role."""
        return member.pk in self._held

    def objection(self, member: Member, before: Mapping[str, Any]) -> str:
        """Why `by` may not change this of the person, in words; empty where they may. `before` has the fields as they were.

        A first number opens nothing, so HR may give it; a first address does.
        """
        changed = [name for name in RECOGNISED_BY if name in before]
        if changed == ["employee_number"] and not before["employee_number"]:
            return ""
        if changed and (held := self.beyond(member)):
            words = _(
                "%(person)s holds the role “%(role)s”, which you can’t give. Leave this as it was, or ask an owner."
            )
            return words % {"person": member.full_name, "role": Role(held.role).label}
        return ""

    def beyond(self, member: Member) -> RoleGrant | None:
        """A role of the person that `by` may not give; None where there is none."""
        return next((grant for grant in self._held.get(member.pk, []) if not may_give(self._by, grant)), None)

    def is_owner(self, member: Member) -> bool:
        """Whether the person owns the organisation or a part of it."""
        return any(grant.role == Role.OWNER for grant in self._held.get(member.pk, []))

    def are_last_owners(self, leaving: Collection[int]) -> bool:
        """Whether no owner of everything, for good, stays when these people (by key) leave, be it on a day to come."""
        return bool(self._lasting) and self._lasting <= set(leaving)

    def lasts(self, member: Member) -> bool:
        """Whether the person owns everything, for good."""
        return member.pk in self._lasting


def tell_moved(moved: Sequence[Moved], by: Member | None) -> None:
    """Tell these people, at their old addresses, that they have others now. In the transaction of the change."""
    if moved:
        for carry in carriers.all():
            carry(moved, by)
