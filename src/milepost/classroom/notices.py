"""What is said about live sessions: come, it changed, it is off; sign; it is soon; your signature is missing."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from milepost.classroom.deciding import struck_key
from milepost.classroom.invitations import is_off
from milepost.classroom.models import Attendance, LiveSession, Participant, Slot, Trainer
from milepost.classroom.models.trainer import LINK_LIVES
from milepost.classroom.presence import personal_link, trainer_link
from milepost.classroom.reminding import GRACE, unsigned
from milepost.core import clock
from milepost.notices.kinds import File, Kind
from milepost.notices.models import Notice, Recipient
from milepost.people.models import Organisation

type Seat = Participant | Trainer


class InvitationKind(Kind):
    """A seat in a session or the part of its trainer, with the calendar's files: new, changed or taken back."""

    label = _("Live sessions: invitations, changes and cancellations")
    template = "classroom/notices/invitation.txt"
    why_always = _("You have a seat, so you hear of it when something changes.")

    def find(self, notice: Notice) -> Seat | None:
        if notice.about_type == "trainer":
            return Trainer.objects.select_related("session__organisation").filter(uid=notice.about_id).first()
        seats = Participant.objects.select_related("session__organisation")
        return seats.filter(session__uid=notice.about_id, member=notice.member).first()

    def is_still_wanted(self, notice: Notice, row: Seat) -> bool:
        """Unless it is over, or has changed since: then a newer notice says so."""
        session = row.session
        is_newest = (session.sequence, is_off(row)) == (notice.data["sequence"], notice.data["off"])
        return is_newest and session.slots.filter(ends_at__gt=clock.now()).exists()

    def context(self, notice: Notice, row: Seat) -> dict[str, Any]:
        session, days = row.session, _days(row)
        slots = [slot for of_day in days.values() for slot in of_day] or list(session.slots.all())
        return {
            "name": notice.to.given_name,
            "session": session,
            "slots": slots,
            "first": slots[0],
            "is_off": not days,
            "is_change": bool(notice.data["held"]),
            "is_trainer": isinstance(row, Trainer),
            "page": trainer_link(row) if isinstance(row, Trainer) else _page(session),
        }

    def files(self, notice: Notice, row: Seat) -> Sequence[File]:
        from milepost.classroom import calendars  # few processes write any

        session, days, to = row.session, _days(row), notice.to
        gone = [day for text in notice.data["held"] if (day := date.fromisoformat(text)) not in days]
        return [
            *(calendars.request(session, day, name=to.name, email=to.email) for day in days),
            *(calendars.cancel(session, day, name=to.name, email=to.email) for day in gone),
        ]

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        example = _example(organisation, to)
        return example | {"slots": [example["slot"]], "first": example["slot"], "is_change": False, "is_trainer": False}


class TrainerLinkKind(Kind):
    """A new link for somebody who holds a session without an account; pointless once there is a newer one."""

    label = _("New links for trainers")
    template = "classroom/notices/trainer_link.txt"
    why_always = _("It is how trainers without an account come to their session.")
    is_for_members = False

    def find(self, notice: Notice) -> Trainer | None:
        rows = Trainer.objects.select_related("session__organisation")
        return rows.filter(uid=notice.about_id, removed_at=None).first()

    def is_still_wanted(self, notice: Notice, row: Trainer) -> bool:
        return notice.key == str(row.link)

    def context(self, notice: Notice, row: Trainer) -> dict[str, Any]:
        return {
            "name": notice.to.given_name,
            "session": row.session,
            "page": trainer_link(row),
            "ends_at": row.link_ends_at,
        }

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        example = _example(organisation, to)
        return example | {"page": f"{settings.BASE_URL}/room/…/", "ends_at": example["slot"].ends_at + LINK_LIVES}


class SlotKind(Kind):
    """Something about one half-day, to one who takes part. Pointless once it is signed, closed or called off."""

    def find(self, notice: Notice) -> Attendance | None:
        return unsigned().filter(uid=notice.about_id).first()

    def context(self, notice: Notice, row: Attendance) -> dict[str, Any]:
        return {
            "name": notice.to.given_name,
            "session": row.slot.session,
            "slot": row.slot,
            "sign": personal_link(row),
            "page": _page(row.slot.session),
        }

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return _example(organisation, to)


class LinkKind(SlotKind):
    """“Sign now”, at the start of a half-day."""

    label = _("The link to sign your attendance")
    template = "classroom/notices/link.txt"
    why_always = _("Your signature proves that you were there.")

    def is_still_wanted(self, notice: Notice, row: Attendance) -> bool:
        return row.slot.ends_at > clock.now() - GRACE


class SoonKind(SlotKind):
    """“Soon”, before a session."""

    label = _("Reminders before live sessions")
    template = "classroom/notices/soon.txt"

    def is_still_wanted(self, notice: Notice, row: Attendance) -> bool:
        return row.slot.starts_at > clock.now()


class UnsignedKind(SlotKind):
    """“Your signature is missing.”"""

    label = _("Reminders of missing signatures")
    template = "classroom/notices/unsigned.txt"


class StruckKind(Kind):
    """“Your signature is there, and you were not, says …” Pointless once that was taken back, or decided anew."""

    label = _("Decisions that you were not at a session")
    template = "classroom/notices/struck.txt"
    why_always = _("It is about your signature, so you hear of it.")

    def find(self, notice: Notice) -> Attendance | None:
        rows = Attendance.objects.select_related("slot__session__organisation", "participant__member")
        return rows.filter(uid=notice.about_id, struck_at__isnull=False).first()

    def is_still_wanted(self, notice: Notice, row: Attendance) -> bool:
        return notice.key == struck_key(row)

    def context(self, notice: Notice, row: Attendance) -> dict[str, Any]:
        return {
            "name": notice.to.given_name,
            "session": row.slot.session,
            "slot": row.slot,
            "by": row.judged_by,
            "reason": row.judgement_reason,
            "page": _page(row.slot.session),
        }

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return _example(organisation, to) | {"by": "Tess Okafor", "reason": ""}


class CountsAgainKind(Kind):
    """“Your signature counts again”, to whoever was told that it does not. Pointless once it was decided so anew."""

    label = _("Decisions that you were not at a session, taken back")
    template = "classroom/notices/counts_again.txt"
    why_always = _("It is about your signature, so you hear of it.")

    def find(self, notice: Notice) -> Attendance | None:
        rows = Attendance.objects.select_related("slot__session__organisation")
        return rows.filter(uid=notice.about_id, struck_at=None, signed_at__isnull=False).first()

    def context(self, notice: Notice, row: Attendance) -> dict[str, Any]:
        session = row.slot.session
        by = notice.data["by"]
        return {"name": notice.to.given_name, "session": session, "slot": row.slot, "by": by, "page": _page(session)}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return _example(organisation, to) | {"by": "Tess Okafor"}


def _days(row: Seat) -> dict[date, list[Slot]]:
    return {} if is_off(row) else row.session.slots_by_day


def _page(session: LiveSession) -> str:
    return settings.BASE_URL + reverse("live_session", args=[session.organisation.slug, session.uid])


def _example(organisation: Organisation, to: Recipient) -> dict[str, Any]:
    """A half-day that could be, tomorrow morning; nothing of it is saved."""
    start = (clock.now() + timedelta(days=1)).replace(hour=8, minute=0)
    session = LiveSession(
        organisation=organisation,
        title=str(_("Evacuation drill")),
        place=str(_("Main hall")),
        time_zone=organisation.time_zone,
        language=to.language,
    )
    slot = Slot(session=session, starts_at=start, ends_at=start + timedelta(hours=3, minutes=30))
    page = settings.BASE_URL + reverse("sessions", args=[organisation.slug])
    sign = f"{settings.BASE_URL}/sign/…/"
    return {"name": to.given_name, "session": session, "slot": slot, "page": page, "sign": sign}
