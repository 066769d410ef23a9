"""Records of attendance, and the signatures in them."""

import hashlib
from itertools import zip_longest
from typing import Any

from .archive import Archive
from .attendance import is_moment
from .facts import Facts
from .report import Broken, Report
from .strict_json import canonical
from .tables import harmless, rows_of

COLUMNS = {
    *(
        "person",
        "name",
        "employer",
        "slot",
        "session",
        "hours",
        "state",
        "signed_at",
        "way",
        "signature",
        "address",
        "agent",
    ),
    *(
        "location",
        "device_time",
        "arrived_at",
        "left_at",
        "told_later",
        "minutes",
        "absence_reason",
        "earlier",
        "doubts",
        "decided_at",
    ),
    *("decided_by", "decision_reason"),
}


class AttendanceRecords:
    """Attendance as JSON, and as the table beside it, to be held against the facts."""

    def __init__(self, archive: Archive, facts: Facts, report: Report) -> None:
        self.archive, self.facts, self.report = archive, facts, report

    def check(self, rows: list[dict[str, Any]]) -> None:
        """Every signature is the one that the journal speaks of, of the same person and slot; every row says what it says."""
        told_of: set[tuple[str, str]] = set()
        unplanned = 0
        for row in rows:
            if unknown := sorted(row.keys() ^ COLUMNS):
                raise Broken(
                    f"“{unknown[0]}” in records/attendance.json is nothing of which the journal tells, or is left out."
                )
            if (row["slot"], row["person"]) in told_of:
                raise Broken(f"{row['name']} stands twice in records/attendance.json for {row['hours']}.")
            told_of.add((row["slot"], row["person"]))
            if trouble := self.facts.attendance.trouble_of(row):
                raise Broken(f"{trouble} {row['name']} for {row['hours']} is not what the journal says.")
            self._signatures(row)
            planned = self.facts.account.planned(
                row["slot"], row["person"], self.facts.attendance.of(row["slot"], row["person"])
            )
            unplanned += planned is None
            if wrong := next((name for name, value in (planned or {}).items() if row.get(name) != value), ""):
                raise Broken(
                    f"“{wrong}” of {row['name']} for {row['hours']} in records/attendance.json is not what the journal says."
                )
        self.report.holds.append(
            f"{sum(bool(row.get('signature')) for row in rows)} attendance signatures fit the journal."
        )
        if gone := self.facts.attendance.left_out(rows):
            raise Broken(
                f"An attendance is left out of records/attendance.json (“{gone['state']}”), of which the journal tells."
            )
        if missing := sorted(self.facts.account.expected - told_of):
            slot, person = missing[0]
            raise Broken(
                f"{self.facts.account.names.get(person, person)} had a seat at {self.facts.account.hours_of(slot)}, "
                "and stands not in records/attendance.json."
            )
        if unplanned:
            self.report.notes.append(
                f"Names, employers and hours of {unplanned} rows of attendance are as the organisation says: "
                "their half-days were planned before such facts were kept."
            )
        self.report.holds.append(f"What {len(rows)} rows say of who was there is what the journal says.")

    def check_table(self, rows: list[dict[str, Any]]) -> None:
        """The table of attendance, which people open, says what the JSON says that was held against the journal."""
        name = "records/attendance.csv"
        columns, table = rows_of(self.archive, name)
        for number, (line, row) in enumerate(zip_longest(table, rows), start=1):
            if line is None or row is None:
                raise Broken(f"{name} has not as many rows as the JSON beside it, which has {len(rows)}.")
            for column, cell in zip(columns, line, strict=True):
                told = "" if row.get(column) is None else str(row[column])
                if cell != harmless(told):
                    raise Broken(f"Row {number} of {name} says “{cell}” where the JSON beside it says “{told}”.")

    def _signatures(self, row: dict[str, Any]) -> None:
        """The signature that counts, and those that do not, are all that the journal knows of this person and half-day."""
        marks = [
            hashlib.sha256(canonical(signature)).hexdigest()
            for signature in (row.get("signature"), *(kept["signature"] for kept in row["earlier"]))
            if signature
        ]
        whose = f"of {row['name']} for {row['hours']}"
        known = self.facts.attendance.signatures_of(row["slot"], row["person"])
        if unknown := [mark for mark in marks if mark not in known]:
            first = row.get("signature") and marks[0] == unknown[0]
            raise Broken(
                f"{'The' if first else 'An earlier'} signature {whose} is not the one that the journal speaks of."
            )
        if len(set(marks)) < len(marks):
            raise Broken(f"A signature {whose} stands there twice.")
        if len(marks) < len(known):
            raise Broken(f"A signature {whose} is left out, of which the journal speaks.")
        from_where = [kept["circumstances"] for kept in row["earlier"]]
        if row.get("signature"):
            from_where.insert(0, {"address": row["address"], "agent": row["agent"], "location": row["location"]})
        for mark, told in zip(marks, from_where, strict=True):
            if hashlib.sha256(canonical(told)).hexdigest() not in known[mark]:
                raise Broken(f"From where {row['name']} signed ({row['hours']}) was changed.")
        for kept, mark in zip(row["earlier"], marks[len(marks) - len(row["earlier"]) :], strict=True):
            told = self.facts.attendance.kept(row["slot"], row["person"], mark)
            said = {name: kept[name] for name in kept.keys() - {"signature", "circumstances", "signed_at"}}
            if said != {"way": told["way"], "kept_because": told["kept_because"]}:
                raise Broken(f"How an earlier signature {whose} came to be is not what the journal says.")
            if not is_moment(kept["signed_at"], told["signed_at"]):
                raise Broken(f"When an earlier signature {whose} was made is not what the journal says.")
        told_at = self.facts.attendance.of(row["slot"], row["person"]).get("signed_at")
        if row.get("signature") and not is_moment(row["signed_at"], told_at):
            raise Broken(f"When {row['name']} signed ({row['hours']}) was changed.")
