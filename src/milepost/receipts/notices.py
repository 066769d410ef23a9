"""What is said about receipts: the link to somebody's own when they leave, and what was decided about one that they brought."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.people.models import Member, Organisation
from milepost.receipts.leaving import link_of, open_until


class ReceiptLinkKind(Kind):
    """“What you learnt is yours to take along.” Pointless if they stay after all."""

    label = _("Your receipt, when you leave")
    template = "receipts/notices/receipt_link.txt"
    why_always = _("It is the way to your own records once your account has ended.")
    for_leavers = True

    def find(self, notice: Notice) -> Member | None:
        return Member.objects.select_related("organisation").filter(uid=notice.about_id).first()

    def is_still_wanted(self, notice: Notice, member: Member) -> bool:
        return f"{member.left_on}" == notice.key

    def context(self, notice: Notice, member: Member) -> dict[str, Any]:
        return {"left_on": member.left_on, "until": open_until(member), "page": link_of(member)}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        today = clock.today()
        return {"left_on": today, "until": today + timedelta(days=365), "page": f"{settings.BASE_URL}/receipt/…/"}
