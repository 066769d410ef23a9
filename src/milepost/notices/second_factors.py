"""The kinds that tell a person what becomes of their second factor. When it does is `people.second_factor`."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Outside, notify
from milepost.people.models import FactorReset, Member, Organisation


class FactorResetKind(Kind):
    """“Your second factor is to be reset”, and that it was, to the address with which the person signs in."""

    label = _("Resets of a second factor")
    template = "notices/factor_reset.txt"
    why_always = _("Whoever could take an account over must not do so unseen.")
    is_for_members = False

    def find(self, notice: Notice) -> Notice:
        return notice

    def context(self, notice: Notice, thing: Notice) -> dict[str, Any]:
        uid = notice.data["by"]
        by = Member.objects.filter(organisation=notice.organisation, uid=uid).first() if uid else None
        return {
            "by": by.full_name if by else _("whoever runs this installation"),
            "is_done": notice.data["what"] == "done",
            "time": datetime.fromisoformat(notice.data["time"]),
        }

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"by": "Claire Fontaine", "is_done": False, "time": clock.now()}


def tell(what: str, reset: FactorReset) -> None:
    """Tell the person; each reset and each of its steps is a purpose of its own."""
    member = reset.member
    notify(
        "factor_reset",
        to=Outside(member.organisation, reset.user.email, member.full_name, member.speaks),
        about=member.as_reference(),
        key=f"{member.uid}:{reset.asked_at:%Y%m%dT%H%M%S.%f}:{what}",
        data={"by": str(reset.by.uid) if reset.by else "", "what": what, "time": reset.due_at.isoformat()},
    )
