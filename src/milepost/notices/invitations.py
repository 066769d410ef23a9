"""The kind that brings people in: an invitation with a personal link. What it leads to is `people.inviting`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Said, notify_many
from milepost.people.inviting import link_for
from milepost.people.models import Member, Organisation


class InvitationKind(Kind):
    """“… invites you to its courses.” Pointless once the person has joined."""

    label = _("Invitations")
    template = "notices/invitation.txt"
    why_always = _("It is how you come in.")
    is_for_members = False

    def find(self, notice: Notice) -> Member | None:
        return notice.member

    def is_still_wanted(self, notice: Notice, member: Member) -> bool:
        return member.user_id is None

    def context(self, notice: Notice, member: Member) -> dict[str, Any]:
        by = _inviter(notice)
        return {"by": by.full_name if by else notice.organisation.name, "invited": link_for(member)}

    def reply_to(self, notice: Notice, member: Member) -> str:
        by = _inviter(notice)
        return (by.email if by else "") or ""

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"by": "Claire Fontaine", "invited": f"{settings.BASE_URL}/invitations/…/"}


def bring(members: Sequence[Member], by: Member) -> None:
    """Tell these members that they are invited; each time that somebody invites is a purpose of its own."""
    inviter = {"by": str(by.uid)}
    notify_many(
        "invitation",
        (Said(member, member.as_reference(), f"{member.invited_at:%Y%m%dT%H%M%S}", inviter) for member in members),
    )


def _inviter(notice: Notice) -> Member | None:
    return Member.objects.filter(organisation=notice.organisation, uid=notice.data["by"]).first()
