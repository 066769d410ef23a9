"""Tables as people send them: CSV in whatever encoding and separator, or XLSX; read as rows of text.

What is recognised: UTF-8 with and without BOM, UTF-16 with and without BOM, Windows-1252; comma, semicolon
and tab; dates in ISO and local order.
"""

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from python_calamine import CalamineError, CalamineWorkbook

from milepost.core.sandbox import Unreadable, confined

MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELLS = 1_000_000  # 50,000 people in 20 columns
MAX_CELL = 32_767  # characters, as in Excel
MAX_UNZIPPED = 512 * 1024 * 1024


class UnreadableTable(Unreadable):
    """The file is not a table that can be read; the message says what to do about it."""

    sentence = gettext_lazy(
        "The table can’t be read: it is broken, or far larger than it looks. Copy the cells that you need into a new file, and send that."
    )


@dataclass(frozen=True)
class Table:
    """A header and rows of stripped text. `numbers[i]` is the line or sheet row that row i came from."""

    header: list[str]
    rows: list[list[str]]
    numbers: list[int]
    encoding: str
    separator: str


def read_table(data: bytes, *, name: str = "") -> Table:
    """Read a CSV or XLSX file from its bytes; what it is follows from the bytes, not from the name.

    Raises `UnreadableTable` with a message for the person who sent it, and `TooManyFiles`.
    """
    return Table(**_read(data))


@confined(UnreadableTable)
def _read(data: bytes) -> dict[str, Any]:
    return vars(table_in(data))


def table_in(data: bytes) -> Table:
    """As `read_table`, for what is confined itself."""
    if not data.strip(b"\x00\r\n\t ;,"):
        raise UnreadableTable(_("The file is empty. Export it again with its heading row and at least one person."))
    if data[:4] == b"PK\x03\x04":
        return _read_workbook(data)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise UnreadableTable(
            _("This is an old or protected Excel file. Save it as .xlsx without a password, or as CSV.")
        )
    return _read_csv(data)


def _read_csv(data: bytes) -> Table:
    text, encoding = decode(data)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[list[str]] = []
    numbers: list[int] = []
    line = 1
    try:
        for cells in reader:
            lines.append(cells)
            numbers.append(line)
            line = reader.line_num + 1
            if len(lines) > MAX_ROWS + 1:
                raise UnreadableTable(_("The file has more than %(count)d rows. Split it.") % {"count": MAX_ROWS})
    except csv.Error as error:
        raise UnreadableTable(
            _("Line %(line)d can't be read (%(reason)s). Look for a quotation mark that is not closed.")
            % {"line": reader.line_num, "reason": error}
        ) from error
    return _table(lines, numbers, encoding=encoding, separator=separator)


def decode(data: bytes) -> tuple[str, str]:
    """The text of `data` and the name of the encoding that it was in."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _decode(data, encoding), encoding
    sample = data[:4096]
    # Text in European languages as UTF-16 has a zero in nearly every second byte.
    if sample[1::2].count(0) > len(sample) * 0.3:
        return _decode(data, "utf-16-le"), "utf-16-le"
    if sample[0::2].count(0) > len(sample) * 0.3:
        return _decode(data, "utf-16-be"), "utf-16-be"
    if b"\x00" in sample:
        raise UnreadableTable(_("This is not a text file. Send CSV or XLSX."))
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _decode(data, "cp1252"), "cp1252"


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableTable(
            _("The text is broken at byte %(place)d. Save the file again as CSV in UTF-8.") % {"place": error.start}
        ) from error


def _separator(text: str) -> str:
    heading = next((line for line in text.splitlines() if line.strip()), "")
    return max(";\t,", key=heading.count)


def _read_workbook(data: bytes) -> Table:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MAX_UNZIPPED:
                raise UnreadableTable(_("The workbook unpacks to more than 512 MB. Send CSV instead."))
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        if sheet.height > MAX_ROWS + 1:
            raise UnreadableTable(_("The file has more than %(count)d rows. Split it.") % {"count": MAX_ROWS})
        start = sheet.start[0] + 1 if sheet.start else 1
        lines = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=True)]
    except (CalamineError, zipfile.BadZipFile, IndexError) as error:
        raise UnreadableTable(
            _("The workbook can't be read: it is damaged, or no workbook. Save it again as .xlsx, or as CSV.")
        ) from error
    return _table(lines, list(range(start, start + len(lines))), encoding="xlsx", separator="")


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if not (value.hour or value.minute) else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a number typed as text in the HR file comes back as 1042.0
    return str(value)


def _table(lines: Sequence[list[str]], numbers: list[int], *, encoding: str, separator: str) -> Table:
    stripped = ([cell.strip() for cell in cells] for cells in lines)
    kept = [(cells, number) for cells, number in zip(stripped, numbers, strict=True) if any(cells)]
    if len(kept) < 2:
        raise UnreadableTable(_("There is no row under the headings. The first row must name the columns."))
    header = kept[0][0]
    if too_long := next((number for cells, number in kept if max(map(len, cells)) > MAX_CELL), None):
        raise UnreadableTable(
            _("Line %(line)d has a cell of more than %(count)d characters. Shorten it.")
            % {"line": too_long, "count": MAX_CELL}
        )
    if len(header) > MAX_COLUMNS:
        raise UnreadableTable(_("There are more than %(count)d columns.") % {"count": MAX_COLUMNS})
    width = len(header)
    if width * len(kept) > MAX_CELLS:
        raise UnreadableTable(
            _("The table has more than %(count)d cells. Leave out the columns that nobody needs, or split it.")
            % {"count": MAX_CELLS}
        )
    rows = [cells[:width] + [""] * (width - len(cells)) for cells, _number in kept[1:]]
    return Table(header, rows, [number for _cells, number in kept[1:]], encoding, separator)


DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y")
MONTH_FIRST = ("%m/%d/%Y",)


def parse_date(text: str, *, formats: Sequence[str] = DAY_FIRST) -> date:
    """A date from ISO text, or from the first of `formats` that fits. Raises `ValueError`."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        pass
    for pattern in formats:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    raise ValueError(text)


def date_formats(values: Sequence[str]) -> Sequence[str]:
    """Day first, unless a value in the column can only be read with the month first (12/31/2024)."""
    for value in values:
        parts = value.split("/")
        if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit() and int(parts[1]) > 12 >= int(parts[0]):
            return MONTH_FIRST
    return DAY_FIRST
