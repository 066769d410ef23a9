"""What the papers of an action say against one another: titles, hours, and times that can't have been in that order.

These are findings and no breaks: the facts are as they were sealed, and whoever reads the dossier is told what an inspector asks about.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from .attendance import Attendance
from .certificates import Certificates
from .learning import Learning
from .sessions import Account

EARLY = timedelta(minutes=15)  # before its half-day that somebody may sign


class Known(Protocol):
    """What facts say, by what it is about (`facts.Facts`)."""

    account: Account
    attendance: Attendance
    learning: Learning
    certificates: Certificates


class Papers:
    """The papers of which facts tell: sheets, documents, and when half-days were closed."""

    def __init__(self) -> None:
        self._sheets: dict[str, str] = {}  # by session: the title on its newest sheet
        self._documents: dict[str, tuple[str, str, str]] = {}  # kind, title and action
        self._completed: dict[str, str] = {}  # by document: when all had signed
        self._closed: dict[str, str] = {}  # by half-day
        self._late: list[tuple[str, str, str]] = []  # who signed which half-day after it was closed, and when

    def hear(self, fact: dict[str, Any]) -> None:
        """Take the next fact; those about anything else say nothing here."""
        thing, result, context = fact["object"], fact.get("result") or {}, fact.get("context") or {}
        match thing.get("type"), fact["verb"]:
            case "sheet", "sealed" if "title" in result:
                self._sheets[context["session"]] = result["title"]
            case "document", "created":
                self._documents[thing["id"]] = (context.get("kind", ""), thing["name"], context.get("action", ""))
            case "document", "completed":
                self._completed[thing["id"]] = fact["time"]
            case "slot", "closed":
                self._closed[thing["id"]] = fact["time"]
            case "slot", "signed" if thing["id"] in self._closed:
                self._late.append((fact["actor"]["name"], thing["name"], fact["time"]))

    def findings(self, action: str, known: Known) -> Iterator[str]:
        """What does not agree, a sentence each."""
        told = known.account.actions[action]
        if title := told.get("title"):
            yield from self._titles(action, title, told, known)
        yield from self._order(action, told, known)
        yield from known.certificates.hours_of_today(known.learning, known.account, known.attendance)

    def _titles(self, action: str, title: str, told: dict[str, Any], known: Known) -> Iterator[str]:
        course, sessions = (told.get("course") or {}).get("id"), known.account.sessions
        documents = [row for row in self._documents.values() if row[2] == action]
        sheets = [uid for uid in told.get("sessions", ()) if uid in self._sheets and uid in sessions]
        certificates = [fact for fact in known.certificates.all_standing() if fact["context"]["course"] == course]
        on_paper = [
            *((f"the document “{kind or 'PDF'}”", name) for kind, name, _of in documents),
            *((f"sheet {sessions[uid].reference}", self._sheets[uid]) for uid in sheets),
            *((f"the certificate of {fact['actor']['name']}", fact["result"]["title"]) for fact in certificates),
        ]
        for paper, other in on_paper:
            if other != title:
                yield f"The action is called “{title}”, {paper} says “{other}”."

    def _order(self, action: str, told: dict[str, Any], known: Known) -> Iterator[str]:
        for name, slot, time in self._late:
            yield f"{name} signed “{slot}” at {time}, after it was closed."
        for (slot, person), row in known.attendance.told():
            session = known.account.session_of(slot)
            if session is None or row["state"] != "signed" or "signed_at" not in row:
                continue
            who, signed = known.account.names.get(person, person), row["signed_at"]
            if signed < row.get("arrived_at", ""):
                yield f"{who} signed {session.hours(slot)} at {signed}, and came at {row['arrived_at']}."
            if datetime.fromisoformat(signed) < datetime.fromisoformat(session.slots[slot][0]) - EARLY:
                yield f"{who} signed {session.hours(slot)} at {signed}, before it began."
        for document, time in self._completed.items():
            kind, _name, of = self._documents.get(document, ("", "", ""))
            if kind == "agreement" and of == action and time[:10] >= told.get("starts_on", "9999"):
                yield f"The agreement was signed by all at {time}; the action began on {told['starts_on']}."
        for name, issued in known.certificates.early:
            yield f"The certificate of {name} was issued at {issued}, before the course was completed."
