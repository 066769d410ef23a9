"""The tables of a dossier (CSV, RFC 4180): their columns and cells."""

import csv
import io
from collections.abc import Iterator

from .archive import Archive
from .report import Broken

COLUMNS = {
    "attendance.csv": (
        *("name", "employer", "session", "hours", "state", "signed_at", "way", "arrived_at", "left_at", "told_later"),
        *("minutes", "absence_reason"),
    ),
    "completions.csv": ("person", "name", "round", "registered_at", "launched_at", "completed_at", "score"),
    "progress.csv": (
        *("person", "name", "round", "activity", "title", "version", "began_at", "done_at", "score", "caveat"),
    ),
    "certificates.csv": (
        *("certificate", "person", "name", "issued_at", "title", "begun", "completed", "minutes_at_a_distance"),
        *("minutes_live", "score", "valid_until", "ended_at", "why"),
    ),
}
ROUND = "round"  # a column that tables did not have before there were others than the first
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes a cell for that begins so


def harmless(text: str) -> str:
    """As a table has it: an apostrophe keeps a spreadsheet from taking it for a formula."""
    return f"'{text}" if text[:1] in FORMULA else text


def rows_of(archive: Archive, name: str) -> tuple[list[str], Iterator[list[str]]]:
    """The columns of a table, and its rows, each with as many cells."""
    file = io.TextIOWrapper(archive.open(name), "utf-8-sig", newline="")
    lines = csv.reader(file, strict=True)
    columns = next(lines, [])
    known = COLUMNS[name.removeprefix("records/")]
    if tuple(columns) not in (known, tuple(column for column in known if column != ROUND)):
        raise Broken(f"{name} has other columns than Milepost gives it.")
    return columns, (_whole_row(line, columns, name) for line in lines)


def _whole_row(line: list[str], columns: list[str], name: str) -> list[str]:
    if len(line) != len(columns):
        raise Broken(f"{name} has a row with {len(line)} cells under {len(columns)} columns.")
    return line
