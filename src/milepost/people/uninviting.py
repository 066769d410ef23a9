"""Inviting many, and taking their invitations back: what waits is not sent, and a link that has arrived leads in no more."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from milepost.journal.recording import Fact, record_many
from milepost.people.bulk_acts import BulkKind, in_act
from milepost.people.facts import MEMBER_UNINVITED
from milepost.people.inviting import at_moment, hold_people, invite
from milepost.people.models import BulkAct, BulkActPerson, Member
from milepost.people.permissions import MANAGE_PEOPLE, Permission


class InvitationsInBulk(BulkKind):
    """Everybody gets back the invitation that they had before, or none. `key` is its moment (`inviting.moment_of`)."""

    permission: ClassVar[Permission] = MANAGE_PEOPLE
    explains: ClassVar[str | Promise] = _(
        "Messages that still wait are not sent, and links that have arrived open nothing any more. Whoever has joined stays."
    )
    reasons: ClassVar[Mapping[str, str | Promise]] = {
        "joined": _("has joined"),
        "invited-again": _("was invited again since"),
    }
    undone: ClassVar[str | Promise] = _("Undid invitations: %(taken_back)s taken back, %(kept)s kept")

    def title(self, act: BulkAct) -> str:
        words = ngettext("%(count)d person invited", "%(count)d people invited", act.number)
        return words % {"count": act.number}

    def do(self, act: BulkAct, members: Sequence[Member], by: Member) -> None:
        invite(members=members, by=by, act=act.uid)

    def hold(self, act: BulkAct, people: Sequence[BulkActPerson]) -> None:
        hold_people(act.organisation_id, [person.member_id for person in people])

    def kept(self, act: BulkAct, people: Sequence[BulkActPerson]) -> dict[int, str]:
        members = Member.objects.filter(pk__in=[person.member_id for person in people])
        joined = set(members.exclude(user=None).values_list("pk", flat=True))
        as_invited = set(members.filter(invited_at=act.at).values_list("pk", flat=True))
        kept = {}
        for person in people:
            if person.member_id in joined:
                kept[person.pk] = "joined"
            elif person.member_id not in as_invited:
                kept[person.pk] = "invited-again"
        return kept

    def take_back(self, act: BulkAct, people: Sequence[BulkActPerson], by: Member) -> None:
        earlier: dict[int, list[int]] = defaultdict(list)
        for person in people:
            earlier[person.key].append(person.member_id)
        for moment, keys in earlier.items():
            Member.objects.filter(pk__in=keys).update(invited_at=at_moment(moment))
        actor, context = by.as_reference(), in_act(act.uid)
        facts = (Fact(MEMBER_UNINVITED, actor, person.member.as_reference(), {}, context) for person in people)
        record_many(facts, organisation=act.organisation)
