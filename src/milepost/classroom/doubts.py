"""What makes an attendance doubtful: reasons to ask whether it was the person who signed, and then.

Whoever signs is never refused for it: the signature counts, the trainer sees the doubt in words and decides (`deciding.py`). Doubts
are found in the transaction of each signature, while it holds the session, so that of two who sign with one phone both are
doubted, whoever was first. A further doubt is a class here and a line in `registered.py`. What must hold for one is that a whole
class on one network, with one model of phone, which all sign in the same minute, raises none.
"""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched, islice
from typing import Any, ClassVar, NamedTuple

from django.db.models import F, QuerySet, Window
from django.db.models.functions import DenseRank
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.facts import SLOT_DOUBTED
from milepost.classroom.models import Attendance, Way
from milepost.classroom.typed_names import is_unlike
from milepost.core.registry import Registry
from milepost.core.words import clock_time, date_format
from milepost.journal.recording import Fact, record_many

AFTER = timedelta(hours=1)  # the end of a half-day, one may still sign as if it were during it
NEAR = timedelta(minutes=15)  # in which one phone may have gone from hand to hand
HOUSEHOLD = 3  # people at one address; of more, it is the network of a building
ELSEWHERE = 4  # people who signed from other addresses: before, nobody knows what is usual here
MANY = 20  # others are counted so far: somebody who signs for hundreds makes no signature dearer than the twentieth
NAMED = 5  # others who are named in one sentence
TOLD_AT_ONCE = 500  # signatures whose others are looked for with one query


@dataclass(frozen=True)
class Look:
    """A signature that is being kept: `row` has it, and is not saved. `devices` are all fingerprints of its browser."""

    row: Attendance
    devices: Sequence[str]
    now: datetime
    in_other_account: bool = False
    hides_device: bool = False
    was_handed_on: bool = False
    clock_is_off: bool = False
    was_absent: bool = False

    @property
    def is_own_device(self) -> bool:
        return self.row.way != Way.TRAINER

    @property
    def others(self) -> "QuerySet[Attendance]":
        """The other signatures of the session."""
        return _signatures_of(self.row.slot.session_id).exclude(pk=self.row.pk)


class Found(NamedTuple):
    """A doubt about one signature; `others` is how many there are because of whom there is one."""

    row: Attendance
    others: int = 0


class Doubt(ABC):
    """A reason to ask. `sentence` tells it beside the name: `%(names)s` are the others, `%(time)s` when it was made, as far as
    is known, `%(arrived)s` when the server had it, `%(typed)s` what was typed.

    One that `passes` is found for the whole half-day at each signature, and is gone where it is not found any more. `same` names
    what a signature has in common with each of those because of whom it is doubtful (`is_because_of`).
    """

    sentence: ClassVar[str | Promise]
    passes: ClassVar[bool] = False
    same: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def find(self, look: Look) -> Iterator[Found]:
        """About the new signature, and about earlier ones because of it."""

    def is_because_of(self, row: Attendance, other: Attendance) -> bool:
        """Whether `other` is one of those because of whom `row` is doubtful; both are of one session, and signed."""
        return False


doubts: Registry[Doubt] = Registry("doubt about a signature")


def note_doubts(look: Look) -> None:
    """Find what is doubtful now, and keep it: on `look.row`, which the caller saves, and on earlier ones. Records `doubted` for these.

    The session is held. What was decided about an earlier one falls with a further doubt, unless it was that they were not there.
    """
    found, rows = _find_all(look)
    passing = {code for code, doubt in doubts.items() if doubt.passes}
    facts = []
    for key, row in rows.items():
        before = {doubt["code"]: doubt.get("others", 0) for doubt in row.doubts}
        stays = row.judged_at is not None or row.slot_id != look.row.slot_id
        now = {code: others for code, others in before.items() if stays or code not in passing} | found[key]
        if now == before:
            continue
        earlier, row.doubts = row.doubts, _as_json(now)
        if any(others > before.get(code, -1) for code, others in now.items()):
            row.doubted_at = look.now
            if not row.struck_at:
                row.judged_at, row.judged_by, row.judgement_reason = None, "", ""
        elif not now:
            row.doubted_at = None
        if row is not look.row:
            row.save(update_fields=["doubts", "doubted_at", "judged_at", "judged_by", "judgement_reason"])
            facts.append(_fact(row, earlier))
    record_many(facts, organisation=look.row.organisation)


def _find_all(look: Look) -> tuple[dict[int, dict[str, int]], dict[int, Attendance]]:
    """The doubts that are found by the key of the attendance, and each attendance that they, or earlier ones that pass, are about."""
    doubted = look.others.filter(slot=look.row.slot_id, doubted_at__isnull=False)
    rows = {row.pk: row for row in doubted} | {look.row.pk: look.row}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for code, doubt in doubts.items():
        for row, others in doubt.find(look):
            rows.setdefault(row.pk, row)
            found[row.pk][code] = others
    return found, rows


def _as_json(found: Mapping[str, int]) -> list[dict[str, Any]]:
    """As it is kept and recorded, in the order of registration. Nobody else is named: it goes with the person's own data."""
    in_order = [code for code in doubts.names() if code in found]
    return [{"code": code} | ({"others": found[code]} if found[code] else {}) for code in in_order]


def _fact(row: Attendance, earlier: Sequence[Mapping[str, Any]]) -> Fact:
    result = {"doubts": row.doubts} | ({"before": earlier} if earlier else {})
    context = {"session": str(row.slot.session.uid)}
    member = row.participant.member.as_reference()
    return Fact(SLOT_DOUBTED, member, row.slot.as_reference(), result, context)


def _signatures_of(session_id: int) -> "QuerySet[Attendance]":
    """The signatures of a session as far as doubts between them ask."""
    rows = Attendance.objects.filter(slot__session=session_id, signed_at__isnull=False)
    return rows.select_related("participant__member", "slot__session").defer("signature", "earlier", "location")


# --- In words ---------------------------------------------------------------------------------------------


def told(rows: Iterable[Attendance]) -> dict[int, list[str]]:
    """What is doubtful about each of these, in sentences, by their keys; a query for each kind of doubt with others, for 500 rows."""
    sentences = {}
    for part in batched((row for row in rows if row.doubts), TOLD_AT_ONCE, strict=False):
        others = _others_of(part)
        for row in part:
            named = ((doubts.get(doubt["code"]), others[doubt["code"]]) for doubt in row.doubts)
            sentences[row.pk] = [_sentence(row, doubt, there) for doubt, there in named]
    return sentences


def _others_of(rows: Sequence[Attendance]) -> dict[str, list[Attendance]]:
    """By the code of a doubt the signatures that are the same in what makes it: of each same thing those of `MANY` people and one."""
    found: dict[str, list[Attendance]] = defaultdict(list)
    for code, doubt in doubts.items():
        doubtful = [row for row in rows if any(kept["code"] == code and "others" in kept for kept in row.doubts)]
        if not doubtful or not doubt.same:
            continue
        nth = Window(DenseRank(), partition_by=list(map(F, doubt.same)), order_by="participant")
        for session in {row.slot.session_id for row in doubtful}:
            there = [row for row in doubtful if row.slot.session_id == session]
            alike = {f"{name}__in": {getattr(row, name) for row in there} for name in doubt.same}
            found[code] += _signatures_of(session).filter(**alike).annotate(nth=nth).filter(nth__lte=MANY + 1)
    return found


def _sentence(row: Attendance, doubt: Doubt, there: Sequence[Attendance]) -> str:
    zone = row.slot.session.zone
    others = (other for other in there if other.pk != row.pk and doubt.is_because_of(row, other))
    names = sorted({other.participant.member.full_name for other in islice(others, MANY)}) or [_("somebody else")]
    more = [_("%(count)d more") % {"count": len(names) - NAMED}] if len(names) > NAMED else []
    made, arrived = row.device_time or row.signed_at, row.signed_at
    words = {
        "names": ", ".join(names[:NAMED] + more),
        "time": clock_time(made.astimezone(zone)) if made else "",
        "arrived": clock_time(arrived.astimezone(zone)) if arrived else "",
        "typed": row.drawn.text if row.drawn else "",
    }
    return str(doubt.sentence) % words


def decision_words(row: Attendance) -> str:
    """Who decided what, and why; empty before somebody did."""
    if row.judged_at is None:
        return ""
    words = _("Was not there, says %(by)s (%(time)s).") if row.struck_at else _("Was there, says %(by)s (%(time)s).")
    local = row.judged_at.astimezone(row.slot.session.zone)
    said = words % {"by": row.judged_by, "time": date_format(local, "DATETIME_FORMAT")}
    if not row.judgement_reason:
        return said
    return _("%(decision)s Reason: “%(reason)s”.") % {"decision": said, "reason": row.judgement_reason}


# --- One device for two names -----------------------------------------------------------------------------


class SameDevice(Doubt):
    """Two people of one session signed in one browser, in whichever half-days."""

    sentence = gettext_lazy("Signed on the same phone or computer as %(names)s.")
    same = ("device",)

    def find(self, look: Look) -> Iterator[Found]:
        if not look.is_own_device or not look.devices:
            return
        same = look.others.exclude(way=Way.TRAINER).filter(device__in=look.devices)
        there = list(same.order_by("signed_at", "pk")[: MANY + 1])
        if len(look.devices) > 1:  # known under several numbers: from now on, under one
            same.exclude(device=look.row.device).update(device=look.row.device)
        others = len({row.participant_id for row in (look.row, *there)}) - 1
        if others:
            yield from (Found(row, min(others, MANY)) for row in (look.row, *there))

    def is_because_of(self, row: Attendance, other: Attendance) -> bool:
        is_own = Way.TRAINER not in (row.way, other.way) and row.participant_id != other.participant_id
        return is_own and bool(row.device) and row.device == other.device


class OtherAccount(Doubt):
    """The browser is somebody else's, who is signed in: also where they sign for themselves on another device."""

    sentence = gettext_lazy("Signed in a browser in which somebody else was signed in.")

    def find(self, look: Look) -> Iterator[Found]:
        if look.in_other_account:
            yield Found(look.row)


class HiddenDevice(Doubt):
    """Whoever signs was on the page before, which gave the browser its number: somebody took it out before they sent the form."""

    sentence = gettext_lazy("The phone or computer hid by what it is known again.")

    def find(self, look: Look) -> Iterator[Found]:
        if look.hides_device:
            yield Found(look.row)


class HandedOn(Doubt):
    """Whoever scanned the code gave what it let their browser do to another, which may be anywhere."""

    sentence = gettext_lazy("The code was scanned with another phone or computer than the one on which it was signed.")

    def find(self, look: Look) -> Iterator[Found]:
        if look.was_handed_on:
            yield Found(look.row)


class SameConnection(Doubt):
    """Few people at one address with one kind of browser, shortly after one another, while the others sign from elsewhere.

    A private window has no number of its device, but the same address. That alone says nothing where a building has one address
    and everybody the same phone, so it is a doubt only as long as the address is that of a few, and others show that it is unusual.
    """

    sentence = gettext_lazy(
        "Signed within minutes from the same address and with the same kind of browser as %(names)s, and nobody else from there."
    )
    passes = True
    same = ("slot_id", "address")

    def find(self, look: Look) -> Iterator[Found]:
        there = look.others.filter(slot=look.row.slot_id).exclude(way=Way.TRAINER).exclude(address="")
        new = [look.row] if look.is_own_device and look.row.address else []
        counts = Counter(there.order_by().values_list("address", flat=True)) + Counter(row.address for row in new)
        few = [address for address, n in counts.items() if 2 <= n <= HOUSEHOLD and counts.total() - n >= ELSEWHERE]
        if not few:
            return
        rows = [row for row in (*new, *there.filter(address__in=few)) if row.address in few]
        for row in rows:
            if others := sum(other is not row and self.is_because_of(row, other) for other in rows):
                yield Found(row, others)

    def is_because_of(self, row: Attendance, other: Attendance) -> bool:
        assert row.signed_at and other.signed_at  # noqa: S101 (signatures are compared)
        is_own = Way.TRAINER not in (row.way, other.way) and row.slot_id == other.slot_id
        is_same = (row.address, row.agent) == (other.address, other.agent)
        return is_own and is_same and abs(row.signed_at - other.signed_at) <= NEAR


class SameInk(Doubt):
    """No hand draws the same points twice: one of the two was copied, or sent again."""

    sentence = gettext_lazy("Drawn point for point like a signature of %(names)s.")
    same = ("ink",)

    def find(self, look: Look) -> Iterator[Found]:
        same = look.others.filter(ink=look.row.ink).order_by("signed_at", "pk")
        there = list(same[: MANY + 1]) if look.row.ink else []
        if there:
            yield from (Found(row, min(len(there), MANY)) for row in (look.row, *there))

    def is_because_of(self, row: Attendance, other: Attendance) -> bool:
        return bool(row.ink) and row.ink == other.ink


# --- The signature by itself ------------------------------------------------------------------------------


class OtherName(Doubt):
    """What was typed in place of a drawing is another name."""

    sentence = gettext_lazy("Typed “%(typed)s” as the signature.")

    def find(self, look: Look) -> Iterator[Found]:
        drawn = look.row.drawn
        if drawn and drawn.text and is_unlike(drawn.text, look.row.participant.member.full_name):
            yield Found(look.row)


class OutsideHours(Doubt):
    """Made before a code was shown to anybody, or long after the end."""

    sentence = gettext_lazy("Signed at %(time)s, outside of the half-day.")

    def find(self, look: Look) -> Iterator[Found]:
        if not _is_within_hours(look.row, look.row.device_time or look.now):
            yield Found(look.row)


class LateArrival(Doubt):
    """It came long after the end: that it was made before is the word of the device alone."""

    sentence = gettext_lazy(
        "Arrived at %(arrived)s, after the half-day. That it was signed at %(time)s is what the trainer’s device says."
    )

    def find(self, look: Look) -> Iterator[Found]:
        made = look.row.device_time
        if made and _is_within_hours(look.row, made) and not _is_within_hours(look.row, look.now):
            yield Found(look.row)


def _is_within_hours(row: Attendance, instant: datetime) -> bool:
    return row.slot.signing_opens_at <= instant <= row.slot.ends_at + AFTER


class WrongClock(Doubt):
    """The device tells when it was signed, and its clock is wrong, or was changed before it delivered."""

    sentence = gettext_lazy("The clock of the device on which it was signed was wrong or changed.")

    def find(self, look: Look) -> Iterator[Found]:
        if look.clock_is_off:
            yield Found(look.row)


class NotedAbsent(Doubt):
    """Somebody in the room had looked, and not seen them."""

    sentence = gettext_lazy("Had been noted as absent before.")

    def find(self, look: Look) -> Iterator[Found]:
        if look.was_absent:
            yield Found(look.row)


OWN: Mapping[str, Doubt] = {
    "same-device": SameDevice(),
    "other-account": OtherAccount(),
    "hidden-device": HiddenDevice(),
    "handed-on": HandedOn(),
    "same-connection": SameConnection(),
    "same-ink": SameInk(),
    "other-name": OtherName(),
    "outside-hours": OutsideHours(),
    "late-arrival": LateArrival(),
    "wrong-clock": WrongClock(),
    "noted-absent": NotedAbsent(),
}
