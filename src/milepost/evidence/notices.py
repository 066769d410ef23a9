"""What is said about evidence: that the audit room is open for somebody, and that a person's data were erased."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.evidence.auditing import link_of
from milepost.evidence.models import Audit
from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.people.models import Organisation


class AuditKind(Kind):
    """The link with which an auditor comes in. Pointless once the audit was ended."""

    label = _("Audit rooms")
    template = "evidence/notices/audit.txt"
    why_always = _("It goes to auditors.")
    is_for_members = False

    def find(self, notice: Notice) -> Audit | None:
        audits = Audit.objects.select_related("organisation", "created_by")
        return audits.filter(uid=notice.about_id, ended_at=None).first()

    def is_still_wanted(self, notice: Notice, audit: Audit) -> bool:
        return not audit.is_over

    def context(self, notice: Notice, audit: Audit) -> dict[str, Any]:
        return {
            "by": audit.created_by.full_name if audit.created_by else audit.organisation.name,
            "room": link_of(audit),
            "starts_on": audit.starts_on,
            "ends_on": audit.ends_on,
        }

    def reply_to(self, notice: Notice, audit: Audit) -> str:
        return (audit.created_by.email if audit.created_by else "") or ""

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        today = clock.today()
        room = f"{settings.BASE_URL}/audit/…/"
        return {"by": "Claire Fontaine", "room": room, "starts_on": today, "ends_on": today + timedelta(days=7)}


class ErasedKind(Kind):
    """The last message to somebody whose data were erased (GDPR, article 12(3)). Nothing of it stays once it was sent."""

    label = _("Data erased")
    template = "evidence/notices/erased.txt"
    why_always = _("The law wants it said.")
    is_for_members = False
    is_forgotten = True

    def find(self, notice: Notice) -> Notice:
        return notice

    def context(self, notice: Notice, thing: Notice) -> dict[str, Any]:
        return {"day": date.fromisoformat(notice.data["day"]), "contact": notice.data["contact"]}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"day": clock.today(), "contact": organisation.name}
