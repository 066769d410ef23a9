"""Sending what waits. The state of each row says how far it came, so that a worker may be killed at any step.

    waiting --take--> sending --handing over--> sending (marked) --settle--> sent, dropped, refused, failed, waiting again

A worker leases what it takes; a lease that runs out gives the row back, and a row that was marked comes back as one that
may have arrived. Organisations take turns, so that nobody's ten thousand hold up somebody's one.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F, Q, Value, Window
from django.db.models.functions import Least, RowNumber

from milepost.core import clock
from milepost.core.quotas import has_room, seconds_left
from milepost.notices import preferences
from milepost.notices.channels import Away, Delivery, Lost, NotDelivered, RefusedForGood, channels
from milepost.notices.digest import daily_letter
from milepost.notices.kinds import kinds
from milepost.notices.letters import Letter, letter_of
from milepost.notices.models import (
    NO_ADDRESS,
    NO_ROOM,
    NOT_MADE,
    SWITCHED_OFF,
    WORKER_ENDED,
    Notice,
    NoticeQuerySet,
    Preferences,
)

BATCH, TURN = 20, 5  # notices taken at once, and of them at most from one organisation
LEASE = timedelta(seconds=120)  # longer than a letter may take; renewed with each
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440, 1440)]  # about three days
LONGEST = max(PAUSES) + timedelta(hours=1)  # until the next try, the next morning, the end of somebody's quiet
KEPT, KEPT_OF_FLEETING = timedelta(days=400), timedelta(days=30)
State = Notice.State
_WITH = ("organisation", "member__organisation", "member__notice_preferences")

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has the notice now: this one was away for longer than its lease."""


def send_due(*, seconds: float = 20.0) -> int:
    """Send what is due in all organisations, for about so long; return how many notices went out."""
    _take_back()
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (batch := _take()):
        sent, is_away = _send(batch, until)
        count += sent
        if is_away:
            break
    return count


def is_due() -> bool:
    """Whether anything waits to be sent, or was left behind by a worker that is gone or by a clock that went back."""
    return Notice.objects.due().exists() or _left_behind().exists() or _ahead().exists()


def send_now(notice: Notice, secret: Mapping[str, Any]) -> None:
    """Send a notice that is not written down yet, with what is not to be kept. Raises `NotDelivered`, and then it is gone."""
    notice.state, notice.leased_by, notice.leased_until = State.SENDING, uuid4(), clock.now() + LEASE
    notice.save(force_insert=True)
    try:
        letter = letter_of(notice, secret)
        if letter is None:
            raise RefusedForGood(f"{notice.kind}: nothing to say")
        name = preferences.channel_of(None)
        channels.get(name).send(
            Delivery(notice.uid, notice.to, notice.organisation, letter, lambda: _hand_over([notice]))
        )
    except BaseException:
        notice.delete()
        raise
    _settle([notice], State.SENT, channel=name)


# --- Taking and giving back -------------------------------------------------------------------------------


def _take() -> list[Notice]:
    """Lease what is due, of each organisation a few."""
    turn = Window(RowNumber(), partition_by="organisation", order_by=["due_at", "pk"])
    turns = Notice.objects.due().annotate(turn=turn).filter(turn__lte=TURN).order_by("turn", "due_at")
    keys = list(turns.values_list("pk", flat=True)[:BATCH])
    if not keys:
        return []
    mine = uuid4()
    with transaction.atomic():
        free = Notice.objects.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked, no_key=True
        )
        taken = list(free.filter(pk__in=keys, state=State.WAITING).values_list("pk", flat=True))
        Notice.objects.filter(pk__in=taken).update(
            state=State.SENDING, leased_by=mine, leased_until=clock.now() + LEASE, handed_over_at=None
        )
    rows = Notice.objects.filter(leased_by=mine).select_related(*_WITH)
    return sorted(rows, key=lambda row: keys.index(row.pk))


def _take_back() -> None:
    """Free what a worker held that is gone. What it had begun to hand over may have arrived."""
    _forgive_clock()
    gone = _left_behind()
    gone.filter(attempts__gte=len(PAUSES)).update(
        state=State.FAILED,
        leased_by=None,
        leased_until=None,
        settled_at=clock.now(),
        problem=WORKER_ENDED,
    )
    free: dict[str, Any] = {
        "state": State.WAITING,
        "leased_by": None,
        "leased_until": None,
        "attempts": F("attempts") + 1,
    }
    gone.filter(handed_over_at=None).update(**free)
    gone.filter(handed_over_at__isnull=False).update(may_be_twice=True, handed_over_at=None, **free)


def _forgive_clock() -> None:
    """Free what was written while the clock was ahead, now that it went back: it would wait until that day comes."""
    now = clock.now()
    Notice.objects.filter(state=State.SENDING, leased_until__gt=now + 2 * LEASE).update(leased_until=now + LEASE)
    count = _ahead().update(due_at=now, created_at=Least(F("created_at"), Value(now)))
    if count:
        logger.warning("The clock went back: %s messages that were put off by the time before are due now.", count)


def _ahead() -> NoticeQuerySet:
    """What waits and was written in a time to come, or for longer than anything waits: nothing is said a day ahead."""
    now = clock.now()
    late = Q(created_at__gt=now + LEASE, due_at__gt=now) | Q(due_at__gt=now + LONGEST)
    return Notice.objects.filter(late, state=State.WAITING, due_at__gt=now + LEASE)


def _left_behind() -> NoticeQuerySet:
    return Notice.objects.filter(state=State.SENDING, leased_until__lt=clock.now())


def _give_back(rows: Sequence[Notice]) -> None:
    """What was leased and not touched waits again, as if nothing had been."""
    for mine in {row.leased_by for row in rows}:
        still = Notice.objects.filter(pk__in=[row.pk for row in rows], leased_by=mine)
        still.update(state=State.WAITING, leased_by=None, leased_until=None, handed_over_at=None)


# --- A batch ----------------------------------------------------------------------------------------------


def _send(batch: list[Notice], until: float) -> tuple[int, bool]:
    """Send a batch, or what of it fits into the time; return how many went out, and whether a server was away."""
    count, is_away = 0, False
    try:
        with ExitStack() as opened:
            held: set[str] = set()
            while batch and time.monotonic() < until:
                rows = _together(batch[0])
                try:
                    count += _send_together(rows, held, opened)
                except LeaseLost:
                    logger.warning("Notice %s was taken by another worker.", rows[0].uid)
                except Away as away:
                    logger.warning("Notices wait: %s", away)
                    _put_off(rows, clock.now() + timedelta(seconds=away.seconds))
                    is_away = True
                done = {row.pk for row in rows}
                batch[:] = [row for row in batch if row.pk not in done]
    finally:
        _give_back(batch)
    return count, is_away


def _together(notice: Notice) -> list[Notice]:
    """The notice; with it, when it belongs into a person's daily message, all that is due in that."""
    if not notice.in_digest:
        return [notice]
    day = Notice.objects.filter(member=notice.member_id, in_digest=True, organisation=notice.organisation_id)
    day.due().update(state=State.SENDING, leased_by=notice.leased_by, leased_until=clock.now() + LEASE)
    rows = day.filter(leased_by=notice.leased_by, state=State.SENDING)
    return list(rows.select_related(*_WITH).order_by("created_at", "pk"))


def _send_together(rows: Sequence[Notice], held: set[str], opened: ExitStack) -> int:
    """Send these notices as one letter; return how many went out. Raises `Away` and `LeaseLost`."""
    chosen = rows[0].chosen
    written: list[tuple[Notice, Letter]] = []
    for row in rows:
        with _fault_stays([row]):
            if letter := _letter(row, chosen):
                written.append((row, letter))
    if not written:
        return 0
    wanted, letters = [row for row, _letter in written], [letter for _row, letter in written]
    first, count = wanted[0], 0
    with _fault_stays(wanted):
        letter = daily_letter(first, letters) if first.in_digest else letters[0]
        name = preferences.channel_of(chosen)
        channel = channels.get(name)
        if not channel.reaches(first.to):
            _settle(wanted, State.DROPPED, problem=NO_ADDRESS)
            return 0
        if not has_room(first.organisation, "mails"):
            tomorrow = timedelta(seconds=seconds_left(first.organisation, "mails"))
            _put_off(wanted, clock.now() + tomorrow)
            return 0
        if name not in held:
            opened.enter_context(channel.held_open())
            held.add(name)
        channel.send(Delivery(first.uid, first.to, first.organisation, letter, lambda: _hand_over(wanted)))
        _settle(wanted, State.SENT, channel=name)
        count += len(wanted)
    return count


def _letter(notice: Notice, chosen: Preferences | None) -> Letter | None:
    """The letter to send now; None when there is none, and then the row says why."""
    if notice.kind not in kinds:
        _settle([notice], State.FAILED, problem=NO_ROOM)
    elif preferences.is_off(chosen, notice.kind):
        _settle([notice], State.DROPPED, problem=SWITCHED_OFF)
    elif later := preferences.later(chosen, notice):
        _put_off([notice], later.at, in_digest=later.in_digest)
    elif letter := letter_of(notice):
        return letter
    else:
        _settle([notice], State.DROPPED)
    return None


@contextmanager
def _fault_stays(rows: Sequence[Notice]) -> Iterator[None]:
    """Whatever goes wrong with these is their own: they are refused, or tried again later, and the next one goes on."""
    try:
        yield
    except (Away, LeaseLost):
        raise
    except RefusedForGood as refused:
        _settle(rows, State.REFUSED, problem=str(refused))
    except Lost as lost:
        _try_later(rows, str(lost), is_unknown=True)
    except NotDelivered as trouble:
        _try_later(rows, str(trouble))
    except Exception as error:
        logger.exception("Notice %s (%s) can't be sent; it is tried again.", rows[0].uid, rows[0].kind)
        _try_later(rows, f"{NOT_MADE} {type(error).__name__}: {error}", is_unknown=True)


# --- Steps, each committed --------------------------------------------------------------------------------


def _hand_over(rows: Sequence[Notice]) -> None:
    """Mark what is about to leave, and renew the lease of all that this worker holds. Raises `LeaseLost`."""
    mine, now = rows[0].leased_by, clock.now()
    with transaction.atomic():
        held = Notice.objects.filter(leased_by=mine, state=State.SENDING)
        held.update(leased_until=now + LEASE)
        if held.filter(pk__in=[row.pk for row in rows]).update(handed_over_at=now) != len(rows):
            transaction.set_rollback(True)
            raise LeaseLost
    for row in rows:
        row.handed_over_at = now


def _settle(rows: Sequence[Notice], state: str, *, channel: str = "", problem: str = "") -> None:
    """The end of these notices, whatever it is."""
    mine = Notice.objects.filter(pk__in=[row.pk for row in rows], leased_by=rows[0].leased_by)
    if state in {State.SENT, State.DROPPED} and rows[0].kind in kinds and kinds.get(rows[0].kind).is_forgotten:
        mine.delete()
        return
    mine.update(
        state=state, settled_at=clock.now(), leased_by=None, leased_until=None, channel=channel, problem=problem[:500]
    )


def _put_off(rows: Sequence[Notice], at: datetime, *, in_digest: bool | None = None) -> None:
    """Let them wait, through no fault of theirs."""
    digest: dict[str, Any] = {} if in_digest is None else {"in_digest": in_digest}
    Notice.objects.filter(pk__in=[row.pk for row in rows], leased_by=rows[0].leased_by).update(
        state=State.WAITING, leased_by=None, leased_until=None, handed_over_at=None, due_at=at, **digest
    )


def _try_later(rows: Sequence[Notice], problem: str, *, is_unknown: bool = False) -> None:
    """Try again after a pause that grows with each attempt; after the last one somebody has to look after it."""
    for row in rows:
        if row.attempts >= len(PAUSES):
            _settle([row], State.FAILED, problem=problem)
            continue
        may_be_twice = row.may_be_twice or (is_unknown and row.handed_over_at is not None)
        Notice.objects.filter(pk=row.pk, leased_by=row.leased_by).update(
            state=State.WAITING,
            leased_by=None,
            leased_until=None,
            handed_over_at=None,
            attempts=row.attempts + 1,
            due_at=clock.now() + PAUSES[row.attempts],
            problem=problem[:500],
            may_be_twice=may_be_twice,
        )


def forget_old() -> int:
    """Delete what was settled long ago, and sooner what was to leave no trace; return how many."""
    now = clock.now()
    fleeting = [name for name, kind in kinds.items() if kind.is_forgotten]
    old = Notice.objects.filter(
        Q(settled_at__lt=now - KEPT) | Q(kind__in=fleeting, settled_at__lt=now - KEPT_OF_FLEETING)
    )
    return Notice.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:5_000])).delete()[0]
