"""Giving many people seats in one act, and taking them back, unless something stands on a sheet already."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from milepost.classroom.models import LiveSession, Participant
from milepost.classroom.permissions import MANAGE_SESSIONS, manages_by, manages_some_by, may_manage
from milepost.classroom.registering import leave_many, on_a_sheet, register_many
from milepost.people.bulk_acts import BulkKind, keys_of
from milepost.people.models import BulkAct, BulkActPerson, Member
from milepost.people.permissions import Permission


class SeatsInBulk(BulkKind):
    """`key` is the participant's."""

    permission: ClassVar[Permission] = MANAGE_SESSIONS
    explains: ClassVar[str | Promise] = _(
        "Their seats are free again, and whoever waits gets them. Invitations that still wait are not sent, and the others are "
        "cancelled. Whoever has signed, or is noted as absent, stays."
    )
    reasons: ClassVar[Mapping[str, str | Promise]] = {
        "on-a-sheet": _("stands on a sheet already"),
        "added-again": _("was added again since"),
        "gone": _("takes part no more"),
        "cancelled": _("the session is cancelled"),
    }
    undone: ClassVar[str | Promise] = _("Undid places in “%(object)s”: %(taken_back)s taken back, %(kept)s kept")

    def title(self, act: BulkAct) -> str:
        words = ngettext(
            "%(count)d person added to “%(session)s”", "%(count)d people added to “%(session)s”", act.number
        )
        return words % {"count": act.number, "session": act.about_name}

    def subject(self, act: BulkAct) -> LiveSession | None:
        sessions = LiveSession.objects.select_related("organisation", "course")
        return sessions.filter(organisation=act.organisation_id, uid=act.about_id).first()

    def permission_of(self, member: Member, subject: Model | None) -> Permission:
        """By their role for sessions, or as a trainer whom the organisation lets."""
        if isinstance(subject, LiveSession) and may_manage(member, subject):
            return manages_by(member, subject)
        return manages_some_by(member)

    def do(self, act: BulkAct, members: Sequence[Member], by: Member) -> None:
        session = self.subject(act)
        if session is not None:
            register_many(session=session, members=members, by=by, act=act.uid)

    def hold(self, act: BulkAct, people: Sequence[BulkActPerson]) -> None:
        list(LiveSession.objects.select_for_update(no_key=True).filter(uid=act.about_id).values_list("pk", flat=True))

    def kept(self, act: BulkAct, people: Sequence[BulkActPerson]) -> dict[int, str]:
        session = self.subject(act)
        if session is None or session.cancelled_at:
            return dict.fromkeys((person.pk for person in people), "cancelled" if session else "gone")
        rows = session.participants.filter(pk__in=keys_of(people)).values_list("pk", "status", "asked_at")
        now = {key: (status, asked_at) for key, status, asked_at in rows}
        settled = on_a_sheet(keys_of(people))
        kept = {}
        for person in people:
            status, asked_at = now.get(person.key, (Participant.Status.LEFT, None))
            if status == Participant.Status.LEFT:
                kept[person.pk] = "gone"
            elif person.key in settled:
                kept[person.pk] = "on-a-sheet"
            elif asked_at != act.at:
                kept[person.pk] = "added-again"
        return kept

    def take_back(self, act: BulkAct, people: Sequence[BulkActPerson], by: Member) -> None:
        session = self.subject(act)
        if session is not None:
            seats = list(session.participants.filter(pk__in=keys_of(people)).select_related("member"))
            leave_many(session=session, seats=seats, by=by, act=act.uid)
