"""The kind that warns whoever has joined or holds a role that they have another address now. Who may change it is `people.recognising`."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Outside, Said, notify_many
from milepost.people.models import Member, Organisation
from milepost.people.recognising import Moved


class AddressChangedKind(Kind):
    """“Your address was changed”, to the address that it was before: whoever reads there may not know."""

    label = _("Changed addresses")
    template = "notices/address_changed.txt"
    why_always = _("It goes to the old address of whoever has joined or holds a role.")
    is_for_members = False

    def find(self, notice: Notice) -> Notice:
        return notice

    def context(self, notice: Notice, thing: Notice) -> dict[str, Any]:
        by = _by(notice)
        return {
            "by": by.full_name if by else notice.organisation.name,
            "day": notice.created_at,
            "old": notice.address,
            "holds_role": notice.data.get("holds_role", True),
        }

    def reply_to(self, notice: Notice, thing: Notice) -> str:
        by = _by(notice)
        return (by.email if by else "") or ""

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"by": "Claire Fontaine", "day": clock.now(), "old": to.email, "holds_role": True}


def warn(moved: Sequence[Moved], by: Member | None) -> None:
    """Tell these people at their old addresses; each change is a purpose of its own."""
    key, by_whom = f"{clock.now():%Y%m%dT%H%M%S.%f}", str(by.uid) if by else ""
    notify_many(
        "address_changed",
        (
            Said(
                Outside(one.member.organisation, one.old_address, one.member.full_name, one.member.speaks),
                one.member.as_reference(),
                f"{one.member.uid}:{key}",
                {"by": by_whom, "holds_role": one.holds_role},
            )
            for one in moved
        ),
    )


def _by(notice: Notice) -> Member | None:
    uid = notice.data["by"]
    return Member.objects.filter(organisation=notice.organisation, uid=uid).first() if uid else None
