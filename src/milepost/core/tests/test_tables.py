import io
import zipfile
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.core.tables import UnreadableTable, date_formats, parse_date, read_table

TEXT = "Nom;Prénom\nNygård;Zoé\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_of_a_csv_file_is_recognised(encoding):
    table = read_table(TEXT.encode(encoding))
    assert table.header == ["Nom", "Prénom"]
    assert table.rows == [["Nygård", "Zoé"]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_recognised(separator):
    assert read_table(f"a{separator}b\n1{separator}2\n".encode()).rows == [["1", "2"]]


def test_rows_keep_the_line_numbers_that_people_see_in_their_editor():
    table = read_table(b'a,b\n\n1,"two\nlines"\n\n3,4\n')
    assert table.numbers == [3, 6]


def test_a_workbook_is_read_with_its_dates_and_numbers_as_text():
    book = openpyxl.Workbook()
    book.active.append(["Number", "Hired", "Name"])
    book.active.append([1042, date(2024, 3, 31), "Zoé"])
    data = io.BytesIO()
    book.save(data)
    table = read_table(data.getvalue())
    assert table.rows == [["1042", "2024-03-31", "Zoé"]]
    assert table.numbers == [2]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n \n;;\n", "empty"),
        (b"only,a,heading\n", "no row"),
        (b'a,b\n1,"never closed\n', "quotation mark"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "old or protected"),
        (b"PK\x03\x04 not really", "can't be read"),
        (b"\x7fELF\x02\x00\x01" + b"abc\x00def" * 90, "not a text file"),
    ],
)
def test_what_is_not_a_table_is_refused_with_what_to_do(data, said):
    with pytest.raises(UnreadableTable, match=said):
        read_table(data)


def test_a_workbook_that_unpacks_to_too_much_is_refused():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet.xml", "w") as file:
        for _ in range(520):
            file.write(b"0" * (1 << 20))
    with pytest.raises(UnreadableTable, match="512 MB"):
        read_table(data.getvalue())


@given(st.binary(max_size=400))
def test_no_bytes_whatever_break_the_reader(data):
    try:
        table = read_table(data)
    except UnreadableTable:
        return
    assert all(len(row) == len(table.header) for row in table.rows)


@pytest.mark.parametrize("text", ["2024-03-31", "31/03/2024", "31.03.2024", "31-03-2024", "2024-03-31 00:00:00"])
def test_dates_are_read_as_people_write_them(text):
    assert parse_date(text) == date(2024, 3, 31)


def test_months_come_first_only_where_days_can_not():
    column = ["01/02/2024", "12/31/2024"]
    assert parse_date("01/02/2024", formats=date_formats(column)) == date(2024, 1, 2)
    assert parse_date("01/02/2024", formats=date_formats(["01/02/2024"])) == date(2024, 2, 1)
