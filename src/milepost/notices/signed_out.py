"""The kind that tells a person that somebody else signed them out everywhere. When it does is `people.sessions`."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Outside, notify
from milepost.people.models import Member, Organisation


class SignedOutKind(Kind):
    """“You are signed out everywhere”, to the address with which the person signs in."""

    label = _("Sessions that somebody else ended")
    template = "notices/signed_out.txt"
    why_always = _("Nobody is signed out by others unseen.")
    is_for_members = False

    def find(self, notice: Notice) -> Notice:
        return notice

    def context(self, notice: Notice, thing: Notice) -> dict[str, Any]:
        by = Member.objects.filter(organisation=notice.organisation, uid=notice.data["by"]).first()
        return {"by": by.full_name if by else notice.organisation.name, "time": notice.created_at}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"by": "Claire Fontaine", "time": clock.now()}


def tell(member: Member, by: Member) -> None:
    """Tell the person; each time is a purpose of its own."""
    assert member.user is not None  # noqa: S101 (whoever has no account has no session)
    notify(
        "signed_out",
        to=Outside(member.organisation, member.user.email, member.full_name, member.speaks),
        about=member.as_reference(),
        key=f"{member.uid}:{clock.now():%Y%m%dT%H%M%S.%f}",
        data={"by": str(by.uid)},
    )
