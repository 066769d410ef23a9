"""The action, its live sessions and who takes part, as facts tell of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .attendance import Attendance
from .report import Broken

# What an action says of itself, empty where nobody said it.
TEXTS = ("client", "funder", "funding_reference", "objectives", "price")


@dataclass
class Session:
    """A live session, as the facts tell of it: half-days by their uid with beginning and end, trainers by theirs."""

    uid: str
    reference: str
    title: str = ""
    form: str = ""
    where: str = ""
    time_zone: str = "UTC"
    course: str = ""
    slots: dict[str, tuple[str, str]] = field(default_factory=dict)
    trainers: dict[str, str] = field(default_factory=dict)

    def change(self, title: str, changes: Mapping[str, Any]) -> None:
        """Take what was planned, or planned anew."""
        self.title = title
        for name in ("form", "where", "time_zone"):
            setattr(self, name, changes.get(name, getattr(self, name)))
        if "slots" in changes:
            self.slots = {slot["id"]: (slot["starts_at"], slot["ends_at"]) for slot in changes["slots"]}

    def as_json(self) -> dict[str, Any]:
        """As records/sessions.json has it."""
        slots = [{"id": uid, "starts_at": start, "ends_at": end} for uid, (start, end) in self.slots.items()]
        said = {name: getattr(self, name) for name in ("reference", "title", "form", "where", "time_zone")}
        return {"id": self.uid, **said, "slots": slots, "trainers": list(self.trainers.values())}

    def hours(self, slot: str) -> str:
        """2026-11-26 09:00–12:30, in the session's zone."""
        start, end = (datetime.fromisoformat(time).astimezone(ZoneInfo(self.time_zone)) for time in self.slots[slot])
        return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}"

    def minutes(self, slot: str, told: Mapping[str, Any]) -> int:
        """How long somebody was there of whom this is told: the half-day, less what was missed at either end."""
        if told["state"] not in ("signed", "attested"):
            return 0
        start, end = self.slots[slot]
        there = max(start, told.get("arrived_at", start)), min(end, told.get("left_at", end))
        span = datetime.fromisoformat(there[1]) - datetime.fromisoformat(there[0])
        return max(0, int(span.total_seconds() // 60))


class Account:
    """What facts say of the action, of its sessions and of who takes part, the last one last.

    `expected` are half-day and person of whoever has a seat: each has a row in the attendance. Sessions and actions that were
    made before facts told so much of them are not among `sessions`, or have no title among `actions`.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.actions: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, None]] = {}
        self.sessions: dict[str, Session] = {}
        self.expected: set[tuple[str, str]] = set()
        self._seats: dict[str, dict[str, str]] = {}  # by session and person: for whom they work
        self._session_of: dict[str, Session] = {}  # by half-day
        self._closed: set[str] = set()
        self._hearing: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = {
            ("action", "created"): self._created,
            ("action", "updated"): self._described,
            ("action", "registered"): self._registered,
            ("session", "scheduled"): self._scheduled,
            ("session", "updated"): self._updated,
            ("session", "registered"): self._seated,
            ("session", "withdrew"): self._left,
            ("trainer", "granted"): self._granted,
            ("trainer", "revoked"): self._revoked,
            ("slot", "closed"): self._closed_slot,
        }

    def hear(self, statement: dict[str, Any]) -> None:
        """Take the next fact; those about anything else tell a name at most."""
        if statement["actor"].get("type") == "member":
            self.names[statement["actor"]["id"]] = statement["actor"]["name"]
        if hearing := self._hearing.get((statement["object"].get("type"), statement["verb"])):
            hearing(statement)

    def seated(self, session: str) -> Mapping[str, str]:
        """Who has a seat at the session, by uid, and for whom each works."""
        return self._seats.get(session, {})

    def session_of(self, slot: str) -> Session | None:
        """Whose half-day it is; None where no fact tells."""
        return self._session_of.get(slot)

    def hours_of(self, slot: str) -> str:
        return self._session_of[slot].hours(slot)

    def planned(self, slot: str, person: str, told: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a row of attendance says of what was planned, and how long of that they were there; None where no fact tells it.

        `told` is what is known of the person's attendance (`Attendance.of`).
        """
        session = self._session_of.get(slot)
        if session is None:
            return None
        if (slot, person) not in self.expected:
            raise Broken(f"{self.names.get(person, person)} stands in records/attendance.json, and had no seat there.")
        return {
            "name": self.names.get(person),
            "employer": self.seated(session.uid).get(person, ""),
            "session": session.reference,
            "hours": session.hours(slot),
            "minutes": session.minutes(slot, told),
        }

    def minutes_live(
        self, course: str, person: str, told: Attendance, action: str = "", span: tuple[str, str] = ("", "")
    ) -> int | None:
        """How long the person was at the sessions of an action, or of a course without one; None where no fact here tells of any.

        Without an action, half-days count that ended after the first instant of `span` and until its second, where it has them.
        """
        if action:
            known = self.actions.get(action, {}).get("sessions", ())
            sessions = [self.sessions[uid] for uid in known if uid in self.sessions]
            if len(sessions) < len(known):
                return None
            if action in self.actions and not known:
                return 0
        else:
            sessions = [session for session in self.sessions.values() if session.course == course]
        slots = [(session, slot) for session in sessions for slot in session.slots]
        if not action:
            begin, end = span
            slots = [
                (session, slot)
                for session, slot in slots
                if session.slots[slot][1] > begin and not (end and session.slots[slot][1] > end)
            ]
        return sum(session.minutes(slot, told.of(slot, person)) for session, slot in slots) if slots else None

    def _created(self, fact: dict[str, Any]) -> None:
        told = fact.get("result") or {}
        texts = dict.fromkeys(TEXTS, "")
        common = {"profile": fact["context"]["profile"], "course": None}
        self.actions[fact["object"]["id"]] = {**texts, **common, **told} if told else common

    def _described(self, fact: dict[str, Any]) -> None:
        self.actions.setdefault(fact["object"]["id"], {}).update(fact["result"]["changes"])

    def _registered(self, fact: dict[str, Any]) -> None:
        self.people.setdefault(fact["object"]["id"], {})[fact["actor"]["id"]] = None

    def _scheduled(self, fact: dict[str, Any]) -> None:
        told, uid = fact["result"], fact["object"]["id"]
        if all(isinstance(slot, dict) for slot in told["slots"]):
            self.sessions[uid] = Session(uid, fact["context"]["reference"], course=fact["context"].get("course", ""))
            self._plan(self.sessions[uid], fact["object"]["name"], told)

    def _updated(self, fact: dict[str, Any]) -> None:
        if session := self.sessions.get(fact["object"]["id"]):
            self._plan(session, fact["object"]["name"], fact["result"]["changes"])

    def _plan(self, session: Session, title: str, changes: Mapping[str, Any]) -> None:
        before = set(session.slots)
        session.change(title, changes)
        for slot in before - set(session.slots):
            del self._session_of[slot]
        self.expected = (
            {pair for pair in self.expected if pair[0] not in before - set(session.slots)} if before else self.expected
        )
        for slot in set(session.slots) - before:
            self._session_of[slot] = session
            self.expected |= {(slot, person) for person in self.seated(session.uid)}

    def _seated(self, fact: dict[str, Any]) -> None:
        session, person = fact["object"]["id"], fact["actor"]["id"]
        if fact["result"]["status"] == "seated" and session in self.sessions:
            self._seats.setdefault(session, {})[person] = (
                fact["context"].get("employer", "") if fact.get("context") else ""
            )
            self.expected |= {(slot, person) for slot in self.sessions[session].slots if slot not in self._closed}

    def _left(self, fact: dict[str, Any]) -> None:
        session, person = fact["object"]["id"], fact["actor"]["id"]
        self._seats.get(session, {}).pop(person, None)
        if session in self.sessions:
            self.expected -= {(slot, person) for slot in self.sessions[session].slots}

    def _granted(self, fact: dict[str, Any]) -> None:
        if session := self.sessions.get(fact["context"]["session"]):
            session.trainers[fact["object"]["id"]] = fact["object"]["name"]

    def _revoked(self, fact: dict[str, Any]) -> None:
        if session := self.sessions.get(fact["context"]["session"]):
            session.trainers.pop(fact["object"]["id"], None)

    def _closed_slot(self, fact: dict[str, Any]) -> None:
        self._closed.add(fact["object"]["id"])
