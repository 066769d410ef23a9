"""Who was there, as facts tell it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .told_later import told_later

SAME_MOMENT = timedelta(seconds=5)


class Attendance:
    """What facts say of who was there, the last one last: of each slot and person a state, times, doubts, and who decided.

    A state is signed, struck (signed, and somebody decided that they were not there), attested, absent, or missing.
    """

    NOTHING: Mapping[str, Any] = {"state": "missing"}
    _AFTER = ("decided_by", "decided_at", "decision_reason")
    _OF_SIGNATURE = ("signed_at", "way", "device_time", "signed_later", "doubts", *_AFTER)

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._signatures: dict[tuple[str, str], dict[str, set[str]]] = {}  # by fingerprint: those of the circumstances
        self._signed: dict[
            tuple[str, str, str], dict[str, Any]
        ] = {}  # by half-day, person, and fingerprint: what is told of it
        self._hearing = {
            "signed": self._sign,
            "delivered": self._deliver,
            "marked": self._note,
            "corrected": self._note,
            "doubted": self._doubt,
            "decided": self._decide,
        }

    def hear(self, statement: dict[str, Any]) -> None:
        """Take the next fact; those about anything else say nothing here."""
        hearing = self._hearing.get(statement["verb"])
        if hearing and statement["object"].get("type") == "slot":
            key = (statement["object"]["id"], statement["actor"]["id"])
            told = hearing(key, self._told.get(key, self.NOTHING), statement)
            if told is not None:
                self._told[key] = told

    def of(self, slot: str, person: str) -> Mapping[str, Any]:
        """The last word on whether this person was there."""
        return self._told.get((slot, person), self.NOTHING)

    def told(self) -> Iterable[tuple[tuple[str, str], Mapping[str, Any]]]:
        """Of each half-day and person the last word."""
        return self._told.items()

    def signatures_of(self, slot: str, person: str) -> Mapping[str, set[str]]:
        """The fingerprints of all that they signed for it, each with those of the circumstances under which they did."""
        return self._signatures.get((slot, person), {})

    def kept(self, slot: str, person: str, mark: str) -> Mapping[str, Any]:
        """What is told of a signature of theirs, and why it is kept where it does not count."""
        return self._signed[(slot, person, mark)]

    def left_out(self, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The first state that the facts tell of and no row does, if there is one."""
        there = {(row["slot"], row["person"]) for row in rows}
        gone = (told for key, told in self._told.items() if told["state"] != "missing" and key not in there)
        return next(gone, None)

    def trouble_of(self, row: Mapping[str, Any]) -> str:
        """What of a row of records/attendance.json is not what the facts say, as the beginning of a sentence; or nothing."""
        told = self.of(row["slot"], row["person"])
        if row["state"] != told["state"]:
            return f"The state (“{row['state']}”, told: “{told['state']}”) of"
        if bool(row.get("signature")) != (told["state"] in ("signed", "struck")):
            return "The signature of"
        if told["state"] not in ("signed", "attested") and row.get("minutes"):
            return "The time of"
        for name, words in _OF_ATTENDANCE.items():
            if (row.get(name) or "") != (told.get(name) or ""):
                return words
        if row.get("told_later") != max(filter(None, map(told.get, ("signed_later", "noted_later"))), default=None):
            return "What was told later of"
        if bool(row.get("decided_at")) != bool(told.get("decided_at")):
            return "When it was decided about"
        if row.get("decided_at") and not is_moment(row["decided_at"], told["decided_at"]):
            return "When it was decided about"
        return ""

    def _sign(self, key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        return {"state": "signed", **self._keep(key, fact), **_times(before)}

    def _deliver(self, key: tuple[str, str], _before: Mapping[str, Any], fact: dict[str, Any]) -> None:
        self._keep(key, fact)

    def _keep(self, key: tuple[str, str], fact: dict[str, Any]) -> dict[str, Any]:
        mark, context = fact["result"]["signature_sha256"], fact["context"]
        self._signatures.setdefault(key, {}).setdefault(mark, set()).add(context["circumstances_sha256"])
        told = {"signed_at": fact["time"], "way": fact["result"]["way"], "doubts": context.get("doubts", [])}
        why = "delivered after the closing" if fact["verb"] == "delivered" else "put aside by a correction"
        self._signed.setdefault((*key, mark), told | {"kept_because": why})
        told |= {"device_time": context["device_time"]} if "device_time" in context else {}
        return told | ({"signed_later": later} if (later := told_later(fact)) else {})

    def _note(self, key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        now = {name: text for name, text in fact["result"]["now"].items() if name in ("state", *_OF_STATE)}
        has_times = "arrived_at" in now or "left_at" in now
        if later := told_later(fact) or (has_times and before.get("noted_later")):
            now["noted_later"] = later
        if now["state"] not in ("signed", "struck"):
            return now
        if before["state"] in (
            "signed",
            "struck",
        ):  # else it is one that came after the closing, and a correction takes
            return {name: before[name] for name in self._OF_SIGNATURE if name in before} | now
        late = self._signed.get((*key, fact["result"]["now"].get("signature_sha256", "")), {})
        return {name: late[name] for name in ("signed_at", "way") if name in late} | now

    def _doubt(self, _key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        """A further doubt, or more people to whom it is due, ends that somebody said they were there."""
        known = {doubt["code"]: doubt.get("others", 0) for doubt in before.get("doubts", ())}
        doubts = fact["result"]["doubts"]
        is_further = any(doubt.get("others", 0) > known.get(doubt["code"], -1) for doubt in doubts)
        ends = self._AFTER if is_further and before["state"] == "signed" else ()
        return {name: value for name, value in before.items() if name not in ends} | {"doubts": doubts}

    def _decide(self, _key: tuple[str, str], before: Mapping[str, Any], fact: dict[str, Any]) -> Mapping[str, Any]:
        result = fact["result"]
        kept = {name: value for name, value in before.items() if name not in self._AFTER}
        if result["decision"] == "undecided":
            return kept | {"state": "signed"}
        by = (fact["context"].get("instructor") or {}).get("name", "")[:200]
        decided = {"decided_by": by, "decided_at": fact["time"], "decision_reason": result.get("reason", "")}
        return kept | {"state": "struck" if result["decision"] == "not-there" else "signed"} | decided


_OF_STATE = ("arrived_at", "left_at", "absence_reason")
_OF_ATTENDANCE = {
    "arrived_at": "The arrival of",
    "left_at": "The departure of",
    "absence_reason": "The reason of the absence of",
    "way": "The way of signing of",
    "device_time": "The time of the device of",
    "doubts": "What was doubtful about",
    "decided_by": "Who decided about",
    "decision_reason": "What was decided about",
}


def _times(told: Mapping[str, Any]) -> dict[str, Any]:
    noted = {name: told[name] for name in ("arrived_at", "left_at") if name in told}
    return noted | ({"noted_later": told["noted_later"]} if noted and "noted_later" in told else {})


def is_moment(said: str, told: Any) -> bool:
    """Whether two times are one: facts of earlier versions were told a moment after what they tell."""
    return abs(datetime.fromisoformat(said) - datetime.fromisoformat(told)) < SAME_MOMENT
