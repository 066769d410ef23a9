"""Asking many people to sign in one act, and withdrawing the requests, unless they have answered."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from milepost.documents.bulk import send_some
from milepost.documents.ending import withdraw_many
from milepost.documents.models import Signatory, SignatureRequest
from milepost.documents.permissions import MANAGE_DOCUMENTS
from milepost.people.bulk_acts import BulkKind, keys_of
from milepost.people.models import BulkAct, BulkActPerson, Member
from milepost.people.permissions import Permission

Status = SignatureRequest.Status


class RequestsInBulk(BulkKind):
    """`key` is the request's; each is signed by one person."""

    permission: ClassVar[Permission] = MANAGE_DOCUMENTS
    explains: ClassVar[str | Promise] = _(
        "The requests are withdrawn. Messages that still wait are not sent; whoever got one hears that it is withdrawn. "
        "What was signed, declined or passed on stays."
    )
    reasons: ClassVar[Mapping[str, str | Promise]] = {
        Status.COMPLETED: _("has signed"),
        Status.DECLINED: _("has declined"),
        Status.WITHDRAWN: _("was withdrawn before"),
        Status.EXPIRED: _("has expired"),
        "passed-on": _("was passed on"),
    }
    undone: ClassVar[str | Promise] = _("Undid requests to sign “%(object)s”: %(taken_back)s taken back, %(kept)s kept")

    def title(self, act: BulkAct) -> str:
        words = ngettext(
            "%(count)d person asked to sign “%(title)s”", "%(count)d people asked to sign “%(title)s”", act.number
        )
        return words % {"count": act.number, "title": act.about_name}

    def do(self, act: BulkAct, members: Sequence[Member], by: Member) -> None:
        send_some(act=act, members=members, by=by)

    def hold(self, act: BulkAct, people: Sequence[BulkActPerson]) -> None:
        rows = SignatureRequest.objects.select_for_update(no_key=True).filter(pk__in=keys_of(people)).order_by("pk")
        list(rows.values_list("pk", flat=True))

    def kept(self, act: BulkAct, people: Sequence[BulkActPerson]) -> dict[int, str]:
        now = dict(SignatureRequest.objects.filter(pk__in=keys_of(people)).values_list("pk", "status"))
        delegated = Signatory.objects.filter(request__in=keys_of(people), state=Signatory.State.DELEGATED)
        passed_on = set(delegated.values_list("request", flat=True))
        kept = {}
        for person in people:
            status = now.get(person.key, Status.WITHDRAWN)
            if status != Status.SENT:
                kept[person.pk] = str(status)
            elif person.key in passed_on:
                kept[person.pk] = "passed-on"
        return kept

    def take_back(self, act: BulkAct, people: Sequence[BulkActPerson], by: Member) -> None:
        withdraw_many(keys=keys_of(people), by=by, act=act.uid)
