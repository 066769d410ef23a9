"""What files among the pieces are called, as the facts that name their fingerprints tell it."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Fact = Mapping[str, Any]
type Place = tuple[str, re.Pattern[str], str]  # how a name begins, what stands between, and how it ends
UID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ENDING = r"(?:\.[A-Za-z0-9]{1,10})?"
FOLDERS = frozenset(("absences", "certificates", "connections", "documents", "files", "logs", "sheets"))
NOTHING, ANY_UID, ANY_REFERENCE = re.compile(""), re.compile(UID), re.compile("[^/]+")
ABSENCE = re.compile(UID + ENDING)
OF_DOCUMENT = rf"(?:\.pdf|-annex-[1-9][0-9]?{ENDING})"
DOCUMENT = re.compile(OF_DOCUMENT)
LOG = re.compile(f"[^/]+-{UID}")


class PieceNames:
    """Where a file lies that a fact names. Facts about what is not known here are those of rooms to come: they call theirs as they like.

    `references` are those of sessions, and `kinds` what documents were written as, both by their uid.
    """

    def __init__(self, references: Mapping[str, str], kinds: Mapping[str, str]) -> None:
        self._references, self._kinds = references, kinds
        self._places: dict[str, Callable[[Fact], Place]] = {
            "certificate": lambda fact: ("certificates/" + fact["object"]["id"], NOTHING, ".pdf"),
            "connection-record": lambda fact: ("connections/" + fact["object"]["id"], NOTHING, ".pdf"),
            "document": self._document,
            "piece": _file,
            "session": self._log,
            "sheet": self._sheet,
            "slot": lambda _fact: ("absences/", ABSENCE, ""),
        }

    def fits(self, name: str, facts: Iterable[Fact]) -> bool:
        """Whether it is called as one of the facts that name its fingerprint tells (`sheets/S-0001-1.pdf`)."""
        known = [fact for fact in facts if fact["object"]["type"] in self._places]
        if not known:
            return name.partition("/")[0] not in FOLDERS
        return any(_is_at(self._places[fact["object"]["type"]](fact), name) for fact in known)

    def _sheet(self, fact: Fact) -> Place:
        uid, _slash, number = fact["object"]["id"].partition("/")
        reference = self._references.get(uid)  # of a session that was planned before facts told of it there is none
        return (
            (f"sheets/{reference}-{number}", NOTHING, ".pdf")
            if reference
            else ("sheets/", ANY_REFERENCE, f"-{number}.pdf")
        )

    def _log(self, fact: Fact) -> Place:
        reference = self._references.get(fact["object"]["id"])
        source = "-" + safe_name((fact.get("context") or {}).get("source", ""))
        return (f"logs/{reference}-", ANY_UID, source) if reference else ("logs/", LOG, source)

    def _document(self, fact: Fact) -> Place:
        uid = fact["object"]["id"]
        if uid in self._kinds:
            return "documents/" + self._kinds[uid] + "-" + uid, DOCUMENT, ""
        # Who has but their own facts is not told the kind.
        return "documents/", re.compile(rf"[a-z-]+-{re.escape(uid)}{OF_DOCUMENT}"), ""


def _is_at(place: Place, name: str) -> bool:
    begin, between, end = place
    return (
        len(begin) + len(end) <= len(name)
        and name.startswith(begin)
        and name.endswith(end)
        and between.fullmatch(name, len(begin), len(name) - len(end)) is not None
    )


def _file(fact: Fact) -> Place:
    uid, context = fact["object"]["id"], fact["context"]
    begin, end = "files/" + context["piece"] + "-", "-" + safe_name(context["file"])
    # Earlier facts had the fingerprint there.
    return (begin + uid, NOTHING, end) if ANY_UID.fullmatch(uid) else (begin, ANY_UID, end)


def safe_name(name: str) -> str:
    """As somebody called a file, as a name inside of a zip."""
    kept = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    return kept[-60:].lstrip(".")
