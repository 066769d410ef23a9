"""What of audiences somebody may see: the people whom they may see by every permission that a rule's conditions ask for.

A rule may ask what not everybody may know of people, their results for one. Whoever may not see these sees no audience that asks
for them, be it through another audience: its people would tell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count

from milepost.audiences.conditions import Condition, all_conditions
from milepost.audiences.conditions.audience import InAudience
from milepost.audiences.models import Audience, Membership
from milepost.audiences.permissions import SEE_AUDIENCES
from milepost.audiences.rules import Rule, audiences_in, leaves
from milepost.people.models import Member, MemberQuerySet
from milepost.people.permissions import Permission, may, sees_everybody, visible


@dataclass(frozen=True)
class Seen:
    """An audience as somebody sees it: how many of its people they may see."""

    audience: Audience
    size: int


class Sight:
    """What one member sees of their organisation's audiences."""

    def __init__(self, member: Member) -> None:
        self.member = member
        rows = Audience.objects.filter(organisation=member.organisation_id).values_list("uid", "rule")
        self._rules: Mapping[str, Rule] = {str(uid): rule for uid, rule in rows}

    def sees(self, audience: Audience) -> bool:
        """Whether they may see it at all."""
        return all(may(self.member, permission) for permission in self._asked(audience))

    def may_change(self, audience: Audience) -> bool:
        """Whether they may change it: they see everybody by all that it asks."""
        return self._sees_everybody(self._asked(audience))

    def people(self, audience: Audience) -> MemberQuerySet:
        """Those whom they may see as in the audience or not."""
        return self._reach(self._asked(audience))

    def only(self, audiences: Iterable[Audience]) -> list[Audience]:
        """Those of the audiences that they may see."""
        return [audience for audience in audiences if self.sees(audience)]

    def counted(self, audiences: Iterable[Audience]) -> list[Seen]:
        """The audiences with how many they see of each; a query for each set of permissions, none for who sees everybody."""
        asked = {audience.pk: self._asked(audience) for audience in audiences}
        sizes: dict[int, int] = {}
        for permissions in set(asked.values()):
            if not self._sees_everybody(permissions):
                keys = [key for key, needed in asked.items() if needed == permissions]
                rows = Membership.objects.current().filter(audience__in=keys, member__in=self._reach(permissions))
                sizes |= dict.fromkeys(keys, 0)
                sizes |= dict(rows.order_by().values_list("audience").annotate(people=Count("pk")))
        return [Seen(audience, sizes.get(audience.pk, audience.size)) for audience in audiences]

    def may_use(self, condition: Condition) -> bool:
        """Whether they may make a rule of it."""
        return condition.permission is None or sees_everybody(self.member, condition.permission)

    def usable(self) -> list[Condition]:
        """The conditions that they may use, that of being in another audience with those that they see."""
        there = self.only(Audience.objects.current().filter(organisation=self.member.organisation_id))
        among = InAudience(frozenset(str(audience.uid) for audience in there))
        usable = [condition for condition in all_conditions() if self.may_use(condition)]
        return [among if condition.name == among.name else condition for condition in usable]

    def _asked(self, audience: Audience) -> frozenset[Permission]:
        found, waiting, seen = {SEE_AUDIENCES}, [audience.rule], {str(audience.uid)}
        while waiting:
            rule = waiting.pop()
            found |= {leaf.condition.permission for leaf in leaves(rule) if leaf.condition.permission is not None}
            below = [uid for uid in audiences_in(rule) if uid in self._rules and uid not in seen]
            seen |= set(below)
            waiting += [self._rules[uid] for uid in below]
        return frozenset(found)

    def _sees_everybody(self, permissions: Iterable[Permission]) -> bool:
        return all(sees_everybody(self.member, permission) for permission in permissions)

    def _reach(self, permissions: Iterable[Permission]) -> MemberQuerySet:
        members = Member.objects.filter(organisation=self.member.organisation_id)
        for permission in permissions:
            if not sees_everybody(self.member, permission):
                members = members.filter(pk__in=visible(self.member, permission).order_by().values("pk"))
        return members
