"""Tables as files: rows become CSV (streamed) or a workbook (in constant memory), safe to open in a spreadsheet."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import IO, Any

LINES = 500  # handed on at a time


class _Line:
    """A file for the csv module that hands each line straight on."""

    def write(self, line: str) -> str:
        return line


def as_csv(
    rows: Iterable[list[Any]], *, delimiter: str = ",", has_mark: bool = True, line_end: str = "\r\n"
) -> Iterator[str]:
    """The rows as CSV, with a byte order mark for Excel unless it takes none; yields a few hundred lines at a time.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    writer = csv.writer(_Line(), delimiter=delimiter, lineterminator=line_end)
    if has_mark:
        yield "\ufeff"
    for part in batched(rows, LINES, strict=False):
        yield "".join(writer.writerow([_harmless(cell) for cell in row]) for row in part)


def _harmless(cell: Any) -> Any:
    return "'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_workbook(rows: Iterable[list[Any]]) -> IO[bytes]:
    """The rows as an XLSX file, open at its start; only one row is in memory at a time."""
    import xlsxwriter  # large, and few processes need it

    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 2)
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row, bold if at == 0 else None)
    file.seek(0)
    return file
