"""What each person chose: which kinds they don't want, by which way, when they want quiet, and whether once a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.notices.channels import DEFAULT, channels
from milepost.notices.kinds import kinds
from milepost.notices.models import Notice, Preferences
from milepost.people.models import Member

DAILY_AT = time(8)  # of the person's day


class QuietHoursUnclear(Refused):
    """Quiet hours have a beginning or an end alone, or are none."""

    sentence = _("Say from when and until when you want quiet, or leave both empty.")


@dataclass(frozen=True)
class Choices:
    """What a person says on their page."""

    off: Collection[str] = ()
    channel: str = ""
    quiet_from: time | None = None
    quiet_until: time | None = None
    once_a_day: bool = False


def choose(member: Member, choices: Choices) -> bool:
    """Keep what the member chose; whether that is anything new. What can't be switched off stays on.

    Raises `QuietHoursUnclear`.
    """
    if (choices.quiet_from is None) != (choices.quiet_until is None) or (
        choices.quiet_from is not None and choices.quiet_from == choices.quiet_until
    ):
        raise QuietHoursUnclear(field="quiet_until")
    chosen = {
        "off": sorted(name for name in choices.off if name in kinds and not kinds.get(name).why_always),
        "channel": choices.channel if choices.channel in channels and choices.channel != DEFAULT else "",
        "quiet_from": choices.quiet_from,
        "quiet_until": choices.quiet_until,
        "once_a_day": choices.once_a_day,
    }
    with transaction.atomic():
        kept, _created = Preferences.objects.select_for_update(no_key=True).get_or_create(member=member)
        if chosen == {name: getattr(kept, name) for name in chosen}:
            return False
        Preferences.objects.filter(pk=kept.pk).update(**chosen)
    return True


def switch_off(member: Member, kind: str) -> bool:
    """Say nothing of this kind to the member any more; whether it can be switched off."""
    if kind not in kinds or kinds.get(kind).why_always:
        return False
    with transaction.atomic():
        kept, _created = Preferences.objects.select_for_update(no_key=True).get_or_create(member=member)
        if kind not in kept.off:
            kept.off = sorted([*kept.off, kind])
            kept.save(update_fields=["off"])
    return True


def is_off(chosen: Preferences | None, kind: str) -> bool:
    """Whether somebody who chose this does not want the kind."""
    return chosen is not None and kind in chosen.off and not kinds.get(kind).why_always


def channel_of(chosen: Preferences | None) -> str:
    """The name of the channel by which somebody who chose this is told."""
    return chosen.channel if chosen is not None and chosen.channel in channels else DEFAULT


@dataclass(frozen=True)
class Later:
    """When a notice is due, and whether the day's come as one."""

    at: datetime
    in_digest: bool


def later(chosen: Preferences | None, notice: Notice) -> Later | None:
    """Until when a due notice waits because its recipient wants it so; None when it goes now."""
    if chosen is None or notice.in_digest or not kinds.get(notice.kind).may_wait:
        return None
    local = clock.now().astimezone(notice.to.zone)
    if chosen.once_a_day:
        return Later(_next(local, _daily_at(chosen)), in_digest=True)
    if chosen.quiet_until is not None and chosen.is_quiet_at(local.time()):
        return Later(_next(local, chosen.quiet_until), in_digest=False)
    return None


def _daily_at(chosen: Preferences) -> time:
    if chosen.quiet_until is not None and chosen.is_quiet_at(DAILY_AT):
        return chosen.quiet_until
    return DAILY_AT


def _next(local: datetime, at: time) -> datetime:
    """The next time that the clock on the wall says this."""
    day = local.date() if local.time() < at else local.date() + timedelta(days=1)
    return datetime.combine(day, at, tzinfo=local.tzinfo)
