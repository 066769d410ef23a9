"""How early the facts of a dossier were sealed: the stamped heads of the journal before the one that it was packed on."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .inclusion_proofs import HEAD
from .keys import Keys
from .merkle import is_consistent
from .report import CLOCKS_DIFFER, Broken, Report
from .signatures import is_signed, unbase64
from .strict_json import read_json
from .time_stamps import Authorities, Stamp

MOST = 10_000  # of them in one dossier
FILE = "journal/heads.json"
LATE = timedelta(days=1)  # between a seal and its stamp


@dataclass(frozen=True)
class DatedHead:
    """A head of the journal: how many facts it covers, when it says that it was made, and what an authority says of that."""

    size: int
    time: str
    stamp: Stamp | None


class DatedHeads:
    """The heads before the last one, to be held against it."""

    def __init__(self, keys: Keys, authorities: Authorities, report: Report) -> None:
        self.keys, self.authorities, self.report = keys, authorities, report
        self.heads: list[DatedHead] = []

    def check(self, told: Sequence[dict[str, Any]], last: dict[str, Any], stamp: Stamp | None) -> None:
        """Each is signed and stamped, begins the journal under the last, and is younger than the one before. Raises `Broken`."""
        if len(told) > MOST:
            raise Broken(f"{FILE} tells of more than {MOST} heads.")
        for one in told:
            try:
                self._add(one, last)
            except (ValueError, KeyError, TypeError) as error:
                raise Broken(f"{FILE} can’t be read ({type(error).__name__}).") from error
        self._follow(last)
        self.heads.append(DatedHead(last["size"], last["time"], stamp))
        if late := [head for head in self.heads if head.stamp and head.stamp.dated - _moment(head.time) > LATE]:
            first = late[0]
            self.report.notes.append(
                f"{len(late)} seals were stamped long after they say that they were made: that of {first.time} on {_said(first)}."
            )

    def _add(self, told: dict[str, Any], last: dict[str, Any]) -> None:
        head, signature = read_json(told["statement"]), unbase64(told["signature"])
        if (head["type"], head["organisation"]) != (HEAD, last["organisation"]) or head["key"] not in self.keys.known:
            raise Broken(f"{FILE} holds the head of something else, or by a key that is not the organisation’s.")
        if not is_signed(self.keys.certificate(head["key"]), told["statement"].encode(), signature):
            raise Broken(f"A head in {FILE} was changed: its signature does not fit it ({head['time']}).")
        path = [bytes.fromhex(step) for step in told["path"]]
        roots = bytes.fromhex(head["root"]), bytes.fromhex(last["root"])
        if not is_consistent(head["size"], roots[0], last["size"], roots[1], path):
            raise Broken(
                f"The head of {head['time']} in {FILE} is of another journal: the last does not begin with it."
            )
        self._follow(head)
        stamp = self.authorities.check(unbase64(told["timestamp"]), signature, head)
        self.heads.append(DatedHead(head["size"], head["time"], stamp))

    def _follow(self, head: dict[str, Any]) -> None:
        """It covers more than the one before, and says a later time."""
        if self.heads and head["size"] <= self.heads[-1].size:
            raise Broken(f"The heads in {FILE} are not in order.")
        if self.heads and _moment(head["time"]) <= _moment(self.heads[-1].time):
            raise Broken(f"The seal of {head['time']} is dated before the one before it ({self.heads[-1].time}).")

    def tell(self, recorded: Sequence[tuple[int, float]]) -> None:
        """Say how early the facts were sealed, each by its place and when it was recorded, in seconds since 1970."""
        self._hold_times(recorded)
        stamped = [head for head in self.heads if head.stamp]
        if not stamped:
            return
        sizes, worst, count = [head.size for head in stamped], (float("-inf"), 0, ""), 0
        for place, seconds in recorded:
            if (at := bisect_right(sizes, place)) < len(sizes):
                head, count = stamped[at], count + 1
                assert head.stamp  # noqa: S101
                worst = max(worst, (head.stamp.dated.timestamp() - seconds, place, _said(head)))
        self.report.holds.append(
            f"{count} facts were under a seal that an authority had stamped within {_span(worst[0])} after they were recorded"
            f" (the longest for number {worst[1]}: {worst[2]}), by {len(stamped)} stamps."
        )
        if count < len(recorded):
            self.report.notes.append(
                f"No authority dates the last {len(recorded) - count} facts: it had not stamped the seal over them as this was packed."
            )

    def _hold_times(self, recorded: Sequence[tuple[int, float]]) -> None:
        """Name what says that it was recorded before a seal that does not hold it, or after one that does."""
        sizes, times = [head.size for head in self.heads], [_moment(head.time).timestamp() for head in self.heads]
        slack = CLOCKS_DIFFER.total_seconds()
        early, late = [], []
        for place, seconds in recorded:
            at = bisect_right(sizes, place)  # the first head over it
            if at and seconds < times[at - 1] - slack:
                early.append((place, self.heads[at - 1].time))
            elif seconds > times[at] + slack:
                late.append((place, self.heads[at].time))
        if early:
            place, time = early[0]
            self.report.notes.append(
                f"{len(early)} facts were told later than they say: number {place} says that it was recorded before the seal of {time},"
                " and is not under it."
            )
        if late:
            place, time = late[0]
            self.report.notes.append(
                f"{len(late)} facts say that they were recorded after the seal over them: number {place}, sealed on {time}."
                " The server’s clock was wrong."
            )


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time)


def _said(head: DatedHead) -> str:
    return head.stamp.dated.astimezone(UTC).isoformat() if head.stamp else "–"


def _span(seconds: float) -> str:
    """So long, in the largest unit that is not less than one: 45 s, 12 min, 3 h, 2 days."""
    for unit, name in ((86_400, " days"), (3_600, " h"), (60, " min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f}{name}"
    return f"{max(0, seconds):.0f} s"
