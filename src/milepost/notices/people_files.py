"""The kind that says what became of an HR file that came by itself: to whoever set it up, and to HR. When is `people.import_feed`."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.journal.recording import Reference
from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Said, notify_many
from milepost.people.import_plan import changes_in_words
from milepost.people.models import Member, Organisation, PeopleFeed, PeopleImport, RoleGrant
from milepost.people.roles import ORGANISATION, Role


class PeopleFileKind(Kind):
    """“The HR file was imported”, “needs somebody to look”, or “could not be fetched”."""

    label = _("What became of an HR file that came by itself")
    template = "notices/people_file.txt"
    may_wait = True

    def find(self, notice: Notice) -> Notice:
        return notice

    def is_still_wanted(self, notice: Notice, thing: Notice) -> bool:
        """Not where the file that waits was looked at, or gave way to another one."""
        waits = notice.data["why"] and notice.data["draft"]
        return not waits or PeopleImport.objects.filter(uid=notice.data["draft"], applied_at=None).exists()

    def context(self, notice: Notice, thing: Notice) -> dict[str, Any]:
        data = notice.data
        return _context(notice.organisation, data["counts"], data["why"], data["draft"])

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return _context(organisation, {"new": 2, "changed": 5, "gone": 1}, "", "")


def _context(organisation: Organisation, counts: dict[str, int], why: str, draft: str) -> dict[str, Any]:
    if draft:
        path = reverse("people_import" if why else "bulk_act", args=[organisation.slug, draft])
    else:
        path = reverse("people_feed" if why else "bulk_acts", args=[organisation.slug])
    page = settings.BASE_URL + path
    return {"changes": changes_in_words(counts) if counts else "", "why": why, "waits": bool(draft), "page": page}


def tell(feed: PeopleFeed, draft: PeopleImport | None, counts: dict[str, int], why: str) -> None:
    """Tell them; each file, and each day on which none was fetched, is a purpose of its own."""
    held = RoleGrant.objects.current().filter(role=Role.HR, scope=ORGANISATION).values("member")
    people = Member.objects.active().filter(organisation=feed.organisation_id)
    to = people.filter(pk__in=held) | people.filter(pk=feed.set_by_id or 0)
    about = Reference("people-feed", str(feed.organisation.uid), draft.file_name if draft else "")
    key = str(draft.uid) if draft else clock.now().strftime("%Y%m%d")
    data = {"counts": counts, "why": why[:500], "draft": str(draft.uid) if draft else ""}
    notify_many("people_file", [Said(one, about, f"{key}:{'waits' if why else 'done'}", data) for one in to.distinct()])
