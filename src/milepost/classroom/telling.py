"""What the facts in a dossier say of sessions and attendance, so that its records speak of the same moment as they do.

People go on signing while a dossier is written. So its records are told by its facts; what a fact names by its fingerprint
alone (a drawn signature, from where it came) is looked up in the rows. `milepost verify` derives the same with code of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from milepost.classroom import facts
from milepost.classroom.models import Attendance, Participant
from milepost.classroom.signing import DELIVERED_LATE, PUT_ASIDE
from milepost.core.canonical import fingerprint_of
from milepost.journal.told_later import later_text

type Pair = tuple[str, str]  # a half-day and a person, by their uids

FACTS = (
    facts.SESSION_SCHEDULED,
    facts.SESSION_UPDATED,
    facts.SESSION_REGISTERED,
    facts.SESSION_WITHDREW,
    facts.TRAINER_GRANTED,
    facts.TRAINER_REVOKED,
    facts.SLOT_SIGNED,
    facts.SLOT_DELIVERED,
    facts.SLOT_MARKED,
    facts.SLOT_CORRECTED,
    facts.SLOT_DOUBTED,
    facts.SLOT_DECIDED,
    facts.SLOT_CLOSED,
)
NOTHING_DECIDED = {"decided_at": None, "decided_by": "", "decision_reason": ""}
NOTHING_SIGNED = {
    "signed_at": None,
    "way": "",
    "device_time": None,
    "signed_later": None,
    "doubts": (),
    "signature": "",
    **NOTHING_DECIDED,
}
NOTHING_NOTED = {"state": "missing", "arrived_at": None, "left_at": None, "absence_reason": "", "noted_later": None}


@dataclass
class ToldSession:
    """A session as it was planned last. `slots` are beginning and end by uid, `trainers` names by uid."""

    uid: str
    reference: str
    title: str = ""
    form: str = ""
    where: str = ""
    time_zone: str = "UTC"
    slots: dict[str, tuple[str, str]] = field(default_factory=dict)
    trainers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in ("reference", "title", "form", "where", "time_zone")}
        slots = [{"id": uid, "starts_at": start, "ends_at": end} for uid, (start, end) in self.slots.items()]
        return {"id": self.uid, **said, "slots": slots, "trainers": list(self.trainers.values())}

    def hours(self, slot: str) -> str:
        """2026-11-26 09:00–12:30, in the session's zone."""
        start, end = (datetime.fromisoformat(time).astimezone(ZoneInfo(self.time_zone)) for time in self.slots[slot])
        return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}"


class Telling:
    """The sessions, who is expected at their half-days (with the employer), and what is told of each; in the order of the facts."""

    def __init__(self, statements: Iterable[Mapping[str, Any]]) -> None:
        self.sessions: dict[str, ToldSession] = {}
        self.session_of: dict[str, ToldSession] = {}  # by half-day
        self.expected: dict[Pair, str] = {}
        self._seats: dict[str, dict[str, str]] = defaultdict(dict)  # by session: the employer by person
        self._closed: set[str] = set()
        self._told: dict[Pair, dict[str, Any]] = defaultdict(lambda: NOTHING_NOTED | NOTHING_SIGNED)
        self._signatures: dict[Pair, dict[str, Mapping[str, Any]]] = defaultdict(dict)  # their facts by fingerprint
        for statement in statements:
            if statement["object"]["type"] == "slot":
                self._hear_of_attendance(statement)
            else:
                self._hear_of_session(statement)

    def of(self, pair: Pair) -> dict[str, Any]:
        """What is known of this attendance; `signature` is the fingerprint of the one that counts."""
        return self._told[pair] if pair in self._told else NOTHING_NOTED | NOTHING_SIGNED

    def others_of(self, pair: Pair) -> Iterator[tuple[str, dict[str, Any]]]:
        """The fingerprints of their signatures that do not count, each with what is told of it."""
        for mark, fact in self._signatures.get(pair, {}).items():
            if mark != self.of(pair)["signature"]:
                why = DELIVERED_LATE if fact["verb"] == "delivered" else PUT_ASIDE
                yield mark, {"signed_at": fact["time"], "way": fact["result"]["way"], "kept_because": why}

    def minutes(self, pair: Pair) -> int:
        """How long they were there: the half-day, less what was missed at either end."""
        told, (start, end) = self.of(pair), self.session_of[pair[0]].slots[pair[0]]
        if told["state"] not in ("signed", "attested"):
            return 0
        start, end = max(start, told["arrived_at"] or start), min(end, told["left_at"] or end)
        span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        return max(0, int(span.total_seconds() // 60))

    # --- Sessions ---

    def _hear_of_session(self, fact: Mapping[str, Any]) -> None:
        result, context, uid = fact.get("result", {}), fact.get("context", {}), fact["object"]["id"]
        match fact["object"]["type"], fact["verb"]:
            case "session", "scheduled":
                self.sessions[uid] = ToldSession(uid, context["reference"])
                self._plan(uid, fact["object"]["name"], result)
            case "session", "updated":
                self._plan(uid, fact["object"]["name"], result["changes"])
            case "session", "registered" if result["status"] == Participant.Status.SEATED:
                self._seats[uid][fact["actor"]["id"]] = context.get("employer", "")
                self._expect(uid, [fact["actor"]["id"]], self.sessions[uid].slots.keys() - self._closed)
            case "session", "withdrew":
                self._seats[uid].pop(fact["actor"]["id"], None)
                for slot in self.sessions[uid].slots:
                    self.expected.pop((slot, fact["actor"]["id"]), None)
            case "trainer", "granted":
                self.sessions[context["session"]].trainers[uid] = fact["object"]["name"]
            case "trainer", "revoked":
                self.sessions[context["session"]].trainers.pop(uid, None)

    def _plan(self, uid: str, title: str, changes: Mapping[str, Any]) -> None:
        session = self.sessions[uid]
        session.title = title
        for name in changes.keys() & {"form", "where", "time_zone"}:
            setattr(session, name, changes[name])
        if "slots" not in changes:
            return
        before = set(session.slots)
        session.slots = {slot["id"]: (slot["starts_at"], slot["ends_at"]) for slot in changes["slots"]}
        self.session_of |= dict.fromkeys(session.slots, session)
        for pair in [pair for pair in self.expected if pair[0] in before - session.slots.keys()]:
            del self.expected[pair]
        self._expect(uid, self._seats[uid], session.slots.keys() - before)

    def _expect(self, session: str, people: Iterable[str], slots: Iterable[str]) -> None:
        seats = self._seats[session]
        self.expected |= {(slot, person): seats[person] for person in people for slot in slots}

    # --- Attendance ---

    def _hear_of_attendance(self, fact: Mapping[str, Any]) -> None:
        pair = (fact["object"]["id"], fact["actor"]["id"])
        result, context = fact["result"], fact["context"]
        match fact["verb"]:
            case "closed":
                self._closed.add(pair[0])
            case "signed":
                self._signatures[pair].setdefault(result["signature_sha256"], fact)
                noted = {name: self.of(pair)[name] for name in ("arrived_at", "left_at")}
                noted["noted_later"] = self.of(pair)["noted_later"] if any(noted.values()) else None
                self._told[pair] = NOTHING_NOTED | noted | _signed(fact)
            case "delivered":
                self._signatures[pair].setdefault(result["signature_sha256"], fact)
            case "marked" | "corrected":
                self._told[pair] = self._noted(pair, result["now"], later_text(fact))
            case "doubted":
                self._doubt(self._told[pair], result["doubts"])
            case "decided":
                by = {"decided_at": fact["time"], "decided_by": context["instructor"]["name"][:200]}
                by["decision_reason"] = result.get("reason", "")
                self._told[pair] |= {"state": "struck" if result["decision"] == "not-there" else "signed"}
                self._told[pair] |= NOTHING_DECIDED if result["decision"] == "undecided" else by

    def _noted(self, pair: Pair, now: Mapping[str, Any], later: str | None) -> dict[str, Any]:
        before, mark = self.of(pair), now.get("signature_sha256", "")
        noted = NOTHING_NOTED | {name: now[name] for name in NOTHING_NOTED if name in now}
        noted["noted_later"] = later or (before["noted_later"] if noted["arrived_at"] or noted["left_at"] else None)
        if not mark:
            return NOTHING_SIGNED | noted
        if mark == before["signature"]:
            return before | noted
        anew: dict[str, Any] = {"device_time": None, "signed_later": None, "doubts": ()}
        return NOTHING_SIGNED | _signed(self._signatures[pair][mark]) | anew | noted

    @staticmethod
    def _doubt(told: dict[str, Any], doubts: list[dict[str, Any]]) -> None:
        before = {doubt["code"]: doubt.get("others", 0) for doubt in told["doubts"]}
        if told["state"] == "signed" and any(
            doubt.get("others", 0) > before.get(doubt["code"], -1) for doubt in doubts
        ):
            told |= NOTHING_DECIDED
        told["doubts"] = doubts


def _signed(fact: Mapping[str, Any]) -> dict[str, Any]:
    """What the fact of a signature tells of the attendance."""
    context = fact["context"]
    return NOTHING_SIGNED | {
        "state": "signed",
        "signed_at": fact["time"],
        "way": fact["result"]["way"],
        "signature": fact["result"]["signature_sha256"],
        "device_time": context.get("device_time"),
        "signed_later": later_text(fact),
        "doubts": context.get("doubts", []),
    }


# --- Rows -------------------------------------------------------------------------------------------------


def attendance_row(row: Attendance, telling: Telling, name: str) -> dict[str, Any] | None:
    """A row of records/attendance.json, for this person under this name; None for a seat that came while the dossier was written."""
    pair = (str(row.slot.uid), str(row.participant.member.uid))
    if pair not in telling.expected:
        return None
    session, told, kept = telling.session_of[pair[0]], telling.of(pair), _contents(row)
    counts = kept.get(told["signature"], {})
    return {
        "person": pair[1],
        "name": name,
        "employer": telling.expected[pair],
        "slot": pair[0],
        "session": session.reference,
        "hours": session.hours(pair[0]),
        **{key: told[key] for key in ("state", "signed_at", "way")},
        "signature": counts.get("signature"),
        **counts.get("circumstances", {"address": "", "agent": "", "location": None}),
        **{key: told[key] for key in ("device_time", "arrived_at", "left_at")},
        "told_later": max(filter(None, (told["signed_later"], told["noted_later"])), default=None),
        "minutes": telling.minutes(pair),
        "absence_reason": told["absence_reason"],
        "earlier": [said | kept[mark] for mark, said in telling.others_of(pair)],
        "doubts": list(told["doubts"]),
        **{key: told[key] for key in NOTHING_DECIDED},
    }


def _contents(row: Attendance) -> dict[str, dict[str, Any]]:
    """The signatures of a row, and from where each came, by the fingerprints under which facts name them."""
    here = {"address": row.address, "agent": row.agent, "location": row.location}
    signatures = [*((kept["signature"], kept["circumstances"]) for kept in row.earlier), (row.signature, here)]
    return {
        fingerprint_of(signature): {"signature": signature, "circumstances": circumstances}
        for signature, circumstances in signatures
        if signature
    }
