"""What files among the pieces are called, as the facts that name their fingerprints tell it."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Fact = Mapping[str, Any]
UID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ENDING = r"(?:\.[A-Za-z0-9]{1,10})?"
FOLDERS = frozenset(("absences", "certificates", "connections", "documents", "files", "logs", "sheets"))


class PieceNames:
    """Where a file lies that a fact names. Facts about what is not known here are those of rooms to come: they call theirs as they like.

    `references` are those of sessions, and `kinds` what documents were written as, both by their uid.
    """

    def __init__(self, references: Mapping[str, str], kinds: Mapping[str, str]) -> None:
        self._references, self._kinds = references, kinds
        self._places: dict[str, Callable[[Fact], str]] = {
            "certificate": lambda fact: rf"certificates/{re.escape(fact['object']['id'])}\.pdf",
            "connection-record": lambda fact: rf"connections/{re.escape(fact['object']['id'])}\.pdf",
            "document": self._document,
            "piece": _file,
            "session": self._log,
            "sheet": self._sheet,
            "slot": lambda _fact: rf"absences/{UID}{ENDING}",
        }

    def fits(self, name: str, facts: Iterable[Fact]) -> bool:
        """Whether it is called as one of the facts that name its fingerprint tells (`sheets/S-0001-1.pdf`)."""
        known = [fact for fact in facts if fact["object"]["type"] in self._places]
        if not known:
            return name.partition("/")[0] not in FOLDERS
        return any(re.fullmatch(self._places[fact["object"]["type"]](fact), name) for fact in known)

    def _sheet(self, fact: Fact) -> str:
        uid, _slash, number = fact["object"]["id"].partition("/")
        return rf"sheets/{self._reference(uid)}-{re.escape(number)}\.pdf"

    def _log(self, fact: Fact) -> str:
        source = re.escape(safe_name((fact.get("context") or {}).get("source", "")))
        return rf"logs/{self._reference(fact['object']['id'])}-{UID}-{source}"

    def _document(self, fact: Fact) -> str:
        uid = fact["object"]["id"]
        kind = (
            re.escape(self._kinds[uid]) if uid in self._kinds else "[a-z-]+"
        )  # who has but their own facts is not told
        return rf"documents/{kind}-{re.escape(uid)}(?:\.pdf|-annex-[1-9][0-9]?{ENDING})"

    def _reference(self, session: str) -> str:
        """A session that was planned before facts told of it is called anything."""
        reference = self._references.get(session)
        return re.escape(reference) if reference else "[^/]+"


def _file(fact: Fact) -> str:
    uid, context = fact["object"]["id"], fact["context"]
    uid = uid if re.fullmatch(UID, uid) else UID  # earlier facts had the fingerprint there
    return rf"files/{re.escape(context['piece'])}-{uid}-{re.escape(safe_name(context['file']))}"


def safe_name(name: str) -> str:
    """As somebody called a file, as a name inside of a zip."""
    kept = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    return kept[-60:].lstrip(".")
