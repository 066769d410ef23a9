"""Records: each is made anew from the facts, and must say the same."""

from collections.abc import Mapping
from typing import Any

from .archive import Archive
from .attendance_records import AttendanceRecords
from .facts import Facts
from .report import Broken, Report
from .sessions import Session
from .strict_json import read_json
from .tables import ROUND, harmless, rows_of

RECORDS = (
    "records/action.json",
    "records/sessions.json",
    "records/attendance.json",
    "records/attendance.csv",
    "records/completions.csv",
    "records/progress.csv",
    "records/certificates.csv",
)
OF_SESSIONS = {"sessions.json", "attendance.json", "attendance.csv"}
OF_COURSES = {"completions.csv", "progress.csv", "certificates.csv"}
KEYS = {
    "completions.csv": ("person", ROUND),
    "progress.csv": ("person", ROUND, "activity"),
    "certificates.csv": ("certificate",),
}
FIRST = "1"  # the round of a table without that column
AS_SAID = "as-the-organisation-says/"


class Records:
    """The records of a dossier, to be held against its facts."""

    def __init__(self, archive: Archive, manifest: dict[str, Any], facts: Facts, report: Report) -> None:
        self.archive, self.manifest, self.facts, self.report = archive, manifest, facts, report
        self._attendance = AttendanceRecords(archive, facts, report)

    def check(self) -> None:
        """Every record is what the facts say; what nobody can derive from them is not among the records."""
        for name in (name for name in self.manifest["files"] if name.startswith("records/")):
            if name not in RECORDS:
                raise Broken(f"{name} is a record of which the facts know nothing.")
        action = self.facts.account.actions.get(self.manifest["action"]["id"])
        if action is None:
            raise Broken(f"Of the action {self.manifest['action']['reference']} the facts know nothing.")
        owed = (
            {"action.json"}
            | (OF_SESSIONS if self._owed_sessions() else set())
            | (OF_COURSES if action["course"] else set())
        )
        for name in RECORDS:
            if name in self.manifest["files"]:
                self._record(name)
            elif name.removeprefix("records/") in owed:
                raise Broken(f"{name} is missing.")
        if action["course"] and (gone := self.facts.learning.unpublished(action["course"]["id"])):
            raise Broken(f"The publication of version {gone[0]} of “{action['course']['name']}” is missing.")
        self.report.notes += self.facts.certificates.differences
        if told := self.facts.connections.told:
            self.report.holds.append(f"{told} connection records tell what the facts before each come to.")
        self.report.notes += self.facts.connections.differences
        self.report.notes += self.facts.papers.findings(self.manifest["action"]["id"], self.facts)
        self.report.notes += self.facts.learning.recognised(action["course"]["id"]) if action["course"] else []
        said = [name for name in self.manifest["files"] if name.startswith(AS_SAID)]
        self.report.notes += [f"As the organisation says, without a proof: {name}" for name in sorted(said)]

    def _record(self, name: str) -> None:
        match name.removeprefix("records/"):
            case "action.json":
                self._action(read_json(self.archive.read(name)))
            case "sessions.json":
                self._sessions(read_json(self.archive.read(name)))
            case "attendance.json":
                self._attendance.check(read_json(self.archive.read(name)))
            case "attendance.csv":
                self._attendance.check_table(read_json(self.archive.read("records/attendance.json")))
            case table:
                self._table(name, table)

    def _action(self, told: dict[str, Any]) -> None:
        """The action is what was recorded when it was made, and its people are those who were registered to it."""
        about = self.manifest["action"]
        if (about["reference"], about["title"]) != (told["reference"], told["title"]):
            raise Broken("manifest.json and records/action.json name the action in two ways.")
        known, only = self.facts.account.actions[about["id"]], (self.manifest["person"] or {}).get("id")
        if "title" not in known:
            self.report.notes.append(
                "What records/action.json says of the action is as the organisation says: it was made before such facts were kept."
            )
            return
        people = self.facts.account.people.get(about["id"], {})
        wanted = known | {"people": sorted(uid for uid in people if only in (None, uid))}
        if wrong := _difference(told | {"people": sorted(person["id"] for person in told["people"])}, wanted):
            raise Broken(f"“{wrong}” in records/action.json is not what the journal says.")
        for person in told["people"]:
            if person != {"id": person["id"], "name": self.facts.account.names.get(person["id"])}:
                raise Broken(f"{person['name']} in records/action.json has another name in the journal.")
        self.report.holds.append(f"The action and its {len(told['people'])} people are those of the journal.")

    def _sessions(self, rows: list[dict[str, Any]]) -> None:
        """Sessions, half-days and trainers are those that were planned last, and none of the action's is left out."""
        for row in rows:
            session = self.facts.account.sessions.get(row["id"])
            if session is None:
                self.report.notes.append(
                    f"What records/sessions.json says of {row['reference']} is as the organisation says: "
                    "it was planned before such facts were kept."
                )
            elif wrong := _difference(row, session.as_json()):
                raise Broken(
                    f"“{wrong}” of session {row['reference']} in records/sessions.json is not what the journal says."
                )
        there = {row["id"] for row in rows}
        if len(there) < len(rows):
            raise Broken("A session stands twice in records/sessions.json.")
        if gone := [session for session in self._owed_sessions() if session.uid not in there]:
            raise Broken(f"Session {gone[0].reference} is left out of records/sessions.json.")

    def _owed_sessions(self) -> "list[Session]":
        """Those of the action of which the facts tell, or, of one person, those in which they have a seat."""
        planned = self.facts.account.actions[self.manifest["action"]["id"]].get("sessions", self.facts.account.sessions)
        only = (self.manifest["person"] or {}).get("id")
        known = [self.facts.account.sessions[uid] for uid in planned if uid in self.facts.account.sessions]
        return [session for session in known if only is None or only in self.facts.account.seated(session.uid)]

    def _table(self, name: str, table: str) -> None:
        """A table has a row for each that the facts tell of, and each says what they say."""
        people = {person["id"] for person in read_json(self.archive.read("records/action.json"))["people"]}
        course = (self.facts.account.actions[self.manifest["action"]["id"]].get("course") or {}).get("id", "")
        match table:
            case "completions.csv":
                wanted, row_of = self.facts.learning.completions(course, people)
            case "progress.csv":
                wanted, row_of = self.facts.learning.progress(course, people)
            case "certificates.csv":
                wanted, row_of = self.facts.certificates.certificates(course, people)
        columns, rows = rows_of(self.archive, name)
        for number, line in enumerate(rows, start=1):
            row = dict(zip(columns, line, strict=True))
            key = tuple(row.get(column, FIRST) for column in KEYS[table])
            if key not in wanted:
                raise Broken(
                    f"Row {number} of {name} is one of which the journal does not tell, or stands there twice."
                )
            wanted.discard(key)
            told = row_of(*key)
            for column, cell in row.items():
                said = self.facts.account.names.get(row["person"], "") if column == "name" else told.get(column)
                if said is None or cell != harmless(said):
                    raise Broken(f"Row {number} of {name} says “{cell}” for “{column}”, and the journal says “{said}”.")
        if wanted:
            raise Broken(f"A row is left out of {name}, of which the journal tells ({' '.join(next(iter(wanted)))}).")
        self.report.holds.append(f"{name} is what the journal says.")


def _difference(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The name of the first member in which the two differ, or that only one has; empty where there is none."""
    nothing = object()  # unlike null
    names = sorted(row.keys() | wanted.keys())
    return next((name for name in names if row.get(name, nothing) != wanted.get(name, nothing)), "")
