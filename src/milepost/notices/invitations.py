"""What is said about coming in: an invitation with a personal link, and a no to it. What they lead to is `people.inviting`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Said, notify, notify_many
from milepost.people.inviting import link_for
from milepost.people.models import Member, Organisation
from milepost.people.signing_in import account_in_use


class InvitationKind(Kind):
    """“… invites you to its courses.” Pointless once the person has joined, or it was taken back."""

    label = _("Invitations")
    template = "notices/invitation.txt"
    why_always = _("It is how you come in.")
    is_for_members = False

    def find(self, notice: Notice) -> Member | None:
        return notice.member

    def is_still_wanted(self, notice: Notice, member: Member) -> bool:
        return member.may_be_invited and (not notice.key or notice.key == _key_of(member))

    def context(self, notice: Notice, member: Member) -> dict[str, Any]:
        by = _inviter(notice)
        return {
            "by": by.full_name if by else notice.organisation.name,
            "invited": link_for(member),
            # Whoever has an account is asked there, and is signed in to it by no organisation's mail.
            "has_account": account_in_use(member.email or "") is not None,
        }

    def reply_to(self, notice: Notice, member: Member) -> str:
        by = _inviter(notice)
        return (by.email if by else "") or ""

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"by": "Claire Fontaine", "invited": f"{settings.BASE_URL}/invitations/…/", "has_account": False}


class DeclinedKind(Kind):
    """“… said no to joining”, to whoever invited them. Pointless once they changed their mind."""

    label = _("Answers to invitations")
    template = "notices/declined.txt"

    def find(self, notice: Notice) -> Member | None:
        return Member.objects.filter(organisation=notice.organisation, uid=notice.about_id).first()

    def is_still_wanted(self, notice: Notice, member: Member) -> bool:
        return member.declined_at is not None

    def context(self, notice: Notice, member: Member) -> dict[str, Any]:
        page = settings.BASE_URL + reverse("person", args=[notice.organisation.slug, member.uid])
        return {"person": member.full_name, "page": page}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"person": "Jonas Nygård", "page": f"{settings.BASE_URL}/{organisation.slug}/people/…/"}


def tell_declined(member: Member, inviter: Member) -> None:
    """Tell the inviter that this person said no."""
    key = f"{member.uid}:{member.declined_at:%Y%m%dT%H%M%S.%f}"
    notify("membership_declined", to=inviter, about=member.as_reference(), key=key)


def bring(members: Sequence[Member], by: Member) -> None:
    """Tell these members that they are invited; each time that somebody invites is a purpose of its own."""
    inviter = {"by": str(by.uid)}
    notify_many(
        "invitation",
        (Said(member, member.as_reference(), _key_of(member), inviter) for member in members),
    )


def _key_of(member: Member) -> str:
    """What tells the invitation that holds from an earlier one; nothing where none does."""
    return f"{member.invited_at:%Y%m%dT%H%M%S}" if member.invited_at else ""


def _inviter(notice: Notice) -> Member | None:
    return Member.objects.filter(organisation=notice.organisation, uid=notice.data["by"]).first()
