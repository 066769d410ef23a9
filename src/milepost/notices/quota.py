"""What the room says of quotas: owners hear once when one is nearly full; messages of a day are one themselves."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from milepost.core.quotas import NEARLY, Quota, Usage, look_at, today, usage_of
from milepost.journal.recording import Reference
from milepost.notices.kinds import Kind
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Said, notify_many
from milepost.people.models import Member, Organisation, RoleGrant
from milepost.people.roles import ORGANISATION, Role

MAILS = Quota(
    _("Messages sent today"),
    _("Your organisation has used up its messages of a day (%(limit)s). The others wait, and go tomorrow."),
    today("mails"),
)


class NearlyFullKind(Kind):
    """“Nearly full”, to owners: once each time that so much of something is used, and not when it is no more so by then."""

    label = _("What the organisation may use is nearly full")
    template = "notices/nearly_full.txt"
    may_wait = True

    def find(self, notice: Notice) -> Usage | None:
        found = (usage for usage in usage_of(notice.organisation) if usage.name == notice.data["quota"])
        return next(found, None)

    def is_still_wanted(self, notice: Notice, thing: Usage) -> bool:
        return thing.since is not None and thing.since.isoformat() == notice.data["since"]

    def context(self, notice: Notice, thing: Usage) -> dict[str, Any]:
        return {"usage": thing, "page": _page_of(notice.organisation)}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"usage": Usage("mails", MAILS, NEARLY, 100), "page": _page_of(organisation)}


def tell_owners() -> None:
    """Tell the owners of each organisation of what has become nearly full since this was last called."""
    for organisation in Organisation.objects.all():
        with transaction.atomic():
            crossed = [(row.quota, row.since) for row in look_at(organisation)]
            notify_many("nearly_full", _said(organisation, crossed))


def _said(organisation: Organisation, crossed: list[tuple[str, datetime]]) -> list[Said]:
    owners = _owners_of(organisation) if crossed else []
    about = Reference("organisation", str(organisation.uid), organisation.name)
    return [
        Said(owner, about, key=f"{quota}:{since.isoformat()}", data={"quota": quota, "since": since.isoformat()})
        for quota, since in crossed
        for owner in owners
    ]


def _owners_of(organisation: Organisation) -> list[Member]:
    owning = RoleGrant.objects.current().filter(role=Role.OWNER, scope=ORGANISATION)
    return list(Member.objects.active().filter(organisation=organisation, pk__in=owning.values("member")))


def _page_of(organisation: Organisation) -> str:
    return settings.BASE_URL + reverse("usage", args=[organisation.slug])
