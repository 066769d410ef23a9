"""Whatever becomes of a real file on its way, each parser ends with an answer or a refusal in words."""

import io
from functools import cache

import openpyxl
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from milepost.classroom.connection_logs import UnreadableLog, _cells
from milepost.core.pictures import UnreadablePicture, media_type
from milepost.core.tables import UnreadableTable, read_table
from milepost.courses.files import InMemory, RefusedFiles, Zip, read_bytes
from milepost.courses.reading import read_course
from milepost.documents import reading, signature_fields
from milepost.documents.reading import RefusedPdf
from tests import harmful
from tests.mutations import bounded, damaged
from tests.worlds import SMALL_COURSE

pytestmark = pytest.mark.one_database("sqlite")


@cache
def document() -> bytes:
    file = pikepdf.new()
    for _ in range(2):
        page = file.add_blank_page(page_size=(595, 842))
        page.Contents = file.make_stream(b"BT /F1 12 Tf (Agreement) Tj ET 0 0 50 50 re f")
    made = io.BytesIO()
    file.save(made)
    place = {
        "signatory": 0,
        "kind": "text",
        "page": 0,
        "x": 0.1,
        "y": 0.1,
        "width": 0.3,
        "height": 0.1,
        "label": "Town",
    }
    return signature_fields.with_places(made.getvalue(), signatories=["Ann", "Bo"], places=[place], has_frames=False)


def pictures() -> list[bytes]:
    made = []
    for kind in ("PNG", "JPEG", "WEBP"):
        Image.linear_gradient("L").resize((40, 30)).save(file := io.BytesIO(), kind)
        made.append(file.getvalue())
    return made


def people() -> list[bytes]:
    book = openpyxl.Workbook()
    for row in (["Number", "Name", "E-mail"], [1042, "Zoé", "zoe@x.example"], [7, "Otto", ""]):
        book.active.append(row)
    book.save(file := io.BytesIO())
    text = 'Number;Name;E-mail\n1042;"Zoé; la vraie";zoe@x.example\n'
    return [file.getvalue(), text.encode(), text.encode("utf-16"), text.encode("cp1252")]


LOG = b"Meeting title;Fire\n\nFull Name\tJoin Time\tLeave Time\tDuration\nZoe\t1/2/2026, 9:00:00 AM\t1/2/2026, 10:00:00 AM\t1h\n"
PAGE = b"---\ntitle: Read\nminutes: 3\n---\n\n## Why\n\n| a | b |\n|---|---|\n| 1 | *2* |\n\n::: note Look\n- [x](a.pdf)\n:::\n\n[^1]: note\n"
QUIZ = SMALL_COURSE["01-first/02-check.quiz.md"].encode()
VIDEO = b"---\ntitle: See\nsource: media/a.mp4\nduration: 1:05\ncaptions:\n  en: media/a.vtt\nchapters:\n  - at: 0:05\n    title: One\n---\n"
CAPTIONS = b"WEBVTT\n\n00:00:01.000 --> 00:00:04.000\n<v Ann>Hello &amp; welcome\n"


@bounded
@given(st.data())
def test_a_pdf(data):
    content = data.draw(damaged(document()))
    try:
        reading.examine(content)
        assert reading.picture_of_page(content, 0, width=200)
        assert signature_fields.with_places(content, signatories=["Ann"], places=[], has_frames=False)
    except RefusedPdf as refused:
        assert str(refused)
    except IndexError:
        assert reading.page_count(content) == 0


@bounded
@given(st.sampled_from(pictures()).flatmap(damaged))
def test_a_picture(content):
    try:
        assert media_type(content) in ("image/png", "image/jpeg", "image/webp")
    except UnreadablePicture as refused:
        assert str(refused)


@bounded
@given(st.sampled_from(people()).flatmap(damaged))
def test_a_table_of_people(content):
    try:
        table = read_table(content)
        assert all(len(row) == len(table.header) for row in table.rows)
    except UnreadableTable as refused:
        assert str(refused)


@bounded
@given(damaged(LOG))
def test_a_connection_log(content):
    try:
        assert all("name" in cell for cell in _cells(content))
    except UnreadableLog as refused:
        assert str(refused)


@bounded
@given(st.data())
def test_the_texts_of_a_course(data):
    tree = {path: text.encode() for path, text in SMALL_COURSE.items()}
    tree |= {"01-first/01-read.page.md": PAGE, "01-first/03-see.video.md": VIDEO}
    tree |= {"media/a.vtt": CAPTIONS, "media/a.mp4": b"\0"}
    path = data.draw(st.sampled_from(sorted(tree)))
    tree[path] = data.draw(damaged(tree[path]))
    try:
        for problem in read_course(InMemory(tree)).problems:
            assert problem.line >= 1 and problem.message
    except RefusedFiles as refused:
        assert str(refused)


@bounded
@given(damaged(harmful.package({path: text.encode() for path, text in SMALL_COURSE.items()})))
def test_a_package(content):
    try:
        files = Zip(io.BytesIO(content))
        for path in files.paths():
            read_bytes(files, path)
    except RefusedFiles as refused:
        assert str(refused)
