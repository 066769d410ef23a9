"""Connection records: when one person was at the course of an action, what they did there, and what counts of it."""

import hashlib
from typing import Any

from .attendance import Attendance
from .learning import Learning, round_of
from .report import Broken
from .sessions import Account
from .strict_json import canonical, read_json

TYPE = "connection-record"  # of the object of these facts
FORMAT = "milepost-connection-record/1"
ATTACHMENT = "connections.json"


class ConnectionRecords:
    """Those that were drawn up: each tells the sittings to which the facts before it come, and its paper carries them.

    `differences` are records that state other live hours than the facts before them, which is not for a program to judge.
    """

    def __init__(self) -> None:
        self.told = 0  # of which the facts tell
        self.differences: list[str] = []
        self._created: dict[str, dict[str, Any]] = {}

    def hear(self, fact: dict[str, Any], learning: Learning, account: Account, told: Attendance) -> None:
        """Take the next fact; those about anything else say nothing here. The others have taken all before it. Raises `Broken`."""
        if fact["object"].get("type") != TYPE or fact["verb"] != "created":
            return
        self._created[fact["object"]["id"]] = fact
        person, context, said, name = fact["actor"]["id"], fact["context"], fact["result"], fact["actor"]["name"]
        if not learning.is_whole(context["course"], person):
            self.differences.append(
                f"Whether the connection record of {name} is what the facts say can’t be told: some of them were erased."
            )
            return
        sittings = learning.sittings(context["course"], person, context["version"], round_of(fact))
        if sittings is None:
            raise Broken(
                f"The publication of version {context['version']} is missing, of which a connection record tells."
            )
        if fingerprint_of(sittings) != said["content_sha256"] or len(sittings) != said["sittings"]:
            raise Broken(f"The connection record of {name} tells of other sittings than the facts before it.")
        if (minutes := sum(sitting["minutes"] for sitting in sittings)) != said["minutes"]:
            raise Broken(
                f"The connection record of {name} states {said['minutes']} minutes in their own time; the facts before it come to {minutes}."
            )
        self.told += 1
        live = account.minutes_live(context["course"], person, told, context["action"])
        if live is not None and live != said["minutes_live"]:
            self.differences.append(
                f"The connection record of {name} states {said['minutes_live']} minutes live; the facts before it come to {live}."
            )

    def hold(self, uid: str, carried: bytes) -> None:
        """Raise `Broken` unless what the paper of this record carries says what its facts say."""
        fact, told = self._created.get(uid), read_json(carried)
        if fact is None:
            raise Broken(f"Of the connection record {uid} no fact tells.")
        if told != told | said_by(fact) or fingerprint_of(told["sittings"]) != fact["result"]["content_sha256"]:
            raise Broken(
                f"The connection record of {fact['actor']['name']} carries other sittings than its fact tells of."
            )
        if odd := sorted(told.keys() - said_by(fact).keys() - {"sittings"}):
            raise Broken(
                f"The connection record of {fact['actor']['name']} carries “{odd[0]}”, of which its fact does not tell."
            )


def fingerprint_of(sittings: list[dict[str, Any]]) -> str:
    """SHA-256 of the sittings as canonical JSON."""
    return hashlib.sha256(canonical(sittings)).hexdigest()


def said_by(fact: dict[str, Any]) -> dict[str, Any]:
    """What the file in the paper says beside the sittings, by the fact that it was drawn up."""
    number = round_of(fact)
    return {
        **({"round": number} if number > 1 else {}),
        "format": FORMAT,
        "id": fact["object"]["id"],
        "title": fact["object"]["name"],
        "person": {"id": fact["actor"]["id"], "name": fact["actor"]["name"]},
        "action": fact["context"]["action"],
        "course": fact["context"]["course"],
        "version": fact["context"]["version"],
        "minutes": fact["result"]["minutes"],
        "minutes_live": fact["result"]["minutes_live"],
    }
