"""What a small file can do to whoever reads it: it ends with a sentence, soon, and nobody else notices."""

import io
import time
import zipfile
from contextlib import contextmanager
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import path

from milepost.config import urls as addresses
from milepost.core.openness import Whom, open_to
from milepost.core.pictures import UnreadablePicture, media_type
from milepost.core.sandbox import Unreadable
from milepost.core.tables import UnreadableTable, read_table
from milepost.core.tests import parsers
from milepost.courses.files import InMemory, RefusedFiles, Zip
from milepost.courses.reading import read_course
from milepost.documents import reading
from milepost.documents.reading import RefusedPdf
from tests import harmful
from tests.thorough import IS_THOROUGH
from tests.worlds import SMALL_COURSE

PATIENCE = 30  # seconds: ten at most by the clock, and what a busy machine adds
SLOW = pytest.mark.skipif(not IS_THOROUGH, reason="takes its two seconds, like the ones that are run")


def cases(made, quick):
    """All of these, of which only the `quick` run always."""
    return [pytest.param(each, id=name, marks=[] if name in quick else SLOW) for name, each in made]


PDFS = {
    "fields in a circle": harmful.pdf_of_fields_in_a_circle,
    "pages in a circle": harmful.pdf_of_pages_in_a_circle,
    "doubling fields": harmful.pdf_of_doubling_fields,
    "deep brackets": harmful.pdf_of_deep_brackets,
    "objects that expand": harmful.pdf_of_objects_that_expand,
    "many revisions": harmful.pdf_of_many_revisions,
    "a table of millions": harmful.pdf_whose_table_says_millions,
}


TABLES = {
    "far away": lambda: harmful.workbook({"A1": "Name", "XFD2000": "Zoé"}),
    "farther away": lambda: harmful.workbook({"A1": "Name", "XFD1048576": "Zoé"}),
    "a long text": lambda: harmful.workbook({"A1": "Name" * 1_000_000, "A2": "Zoé"}),
    "many cells": lambda: harmful.workbook({}, '<row r="1">' + "<c/>" * 4_000_000 + "</row>"),
    "wide and long": lambda: b"Name;" * 199 + b"E\n" + (b";" * 199 + b"x\n") * 50_000,
    "quotation marks": lambda: b'"' + b'""' * 8_000_000,
}  # made when they are asked for: whoever only collects tests needs none


@contextmanager
def soon():
    began = time.monotonic()
    yield
    assert time.monotonic() - began < PATIENCE


@pytest.mark.django_db
@pytest.mark.parametrize("made", cases(PDFS.items(), set(PDFS) - {"fields in a circle"}))
def test_a_stranger_s_pdf_gets_a_verdict_or_can_t_be_read(made, client):
    file = SimpleUploadedFile("certificate.pdf", made())
    with soon():
        answer = client.post("/verify/", {"file": file})
    assert answer.status_code in (200, 422)
    assert ("can’t be read" in answer.text) is (answer.status_code == 422)


@SLOW
@pytest.mark.django_db
def test_a_badge_that_begins_again_and_again_is_refused(client):
    with soon():
        answer = client.post("/verify/", {"file": SimpleUploadedFile("badge.svg", harmful.badge_without_end())})
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize("made", cases(PDFS.items(), set(PDFS) - {"doubling fields"}))
def test_a_pdf_that_somebody_brings_is_taken_or_refused(made):
    with soon():
        try:
            assert reading.examine(made()).pages
        except RefusedPdf as refused:
            assert str(refused)


@pytest.mark.parametrize(
    ("width", "height"), [(10, 1000), (1000, 10), (1, 14_400), (14_400, 14_400), (0.001, 0.001), (1e9, 1e9)]
)
def test_a_page_of_any_shape_is_a_picture_of_a_bounded_size(width, height):
    from PIL import Image

    content = harmful.pdf_with_page(width, height)
    with soon():
        try:
            picture = Image.open(io.BytesIO(reading.picture_of_page(content, 0, width=1200)))
        except RefusedPdf:
            assert max(width, height) > 14_400 or min(width, height) < 1, "only what no PDF may be"
        else:
            assert picture.width * picture.height <= 1.01 * reading.MAX_PIXELS + 10_000


@SLOW
def test_a_page_that_is_drawn_for_ever_is_refused():
    content = harmful.pdf_with_page(600, 800, b"0 0 600 800 re f 1 0 0 rg " * 2_000_000)
    with soon(), pytest.raises(RefusedPdf):
        reading.picture_of_page(content, 0, width=1200)


@pytest.mark.parametrize("made", cases(TABLES.items(), set(TABLES) - {"many cells", "wide and long"}))
def test_a_table_that_is_larger_than_it_looks_is_refused(made):
    with soon(), pytest.raises(UnreadableTable) as refused:
        read_table(made())
    assert str(refused.value)


def test_a_picture_that_unpacks_to_gigabytes_is_refused():
    with soon(), pytest.raises(UnreadablePicture, match="million pixels"):
        media_type(harmful.png(30_000, 30_000))
    assert media_type(harmful.png(300, 200)) == "image/png"


def course_with(text: str) -> dict[str, bytes]:
    return {path: content.encode() for path, content in (SMALL_COURSE | {"01-first/01-why.page.md": text}).items()}


@pytest.mark.parametrize("body", cases(harmful.markdown(), {"lists in lists", "quotes in quotes", "back ticks"}))
def test_a_page_of_a_course_is_read_or_named(body):
    with soon():
        try:
            read_course(InMemory(course_with(f"---\ntitle: Why\n---\n{body}")))
        except RefusedFiles as refused:
            assert "01-first/01-why.page.md can’t be read" in str(refused)


def test_the_largest_table_is_refused_with_its_file_and_what_to_do():
    body = next(harmful.markdown())[1]
    with soon(), pytest.raises(RefusedFiles, match=r"01-why.page.md can’t be read.*Make it shorter, its tables"):
        read_course(InMemory(course_with(f"---\ntitle: Why\n---\n{body}")))


@pytest.mark.parametrize("head", cases(harmful.fields(), {"deep lists", "deep maps", "merges"}))
def test_the_fields_of_a_file_are_read_or_named(head):
    with soon():
        try:
            assert read_course(InMemory(course_with(f"---\n{head}\n---\nWords."))).problems
        except RefusedFiles as refused:
            assert "01-first/01-why.page.md can’t be read" in str(refused)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (harmful.package_of_many, "more than 2000 files"),
        (harmful.package_that_unpacks, "many times its size"),
        (partial(harmful.package, {"course.md": b"---\n---\n"}, kind=zipfile.ZIP_LZMA), "unusual way"),
        (partial(harmful.package, {"course.md": b"---\n---\n"}, kind=zipfile.ZIP_BZIP2), "unusual way"),
    ],
    ids=["many files", "unpacks", "lzma", "bzip2"],
)
def test_a_package_is_refused_before_it_is_unpacked(made, said):
    content = made()
    began = time.process_time()
    with pytest.raises(RefusedFiles, match=said):
        Zip(io.BytesIO(content))
    assert time.process_time() - began < 1


def test_texts_that_are_endless_together_are_refused():
    texts = {f"{number:02}-a/01-b.page.md": b"x" * (1 << 20) for number in range(17)}
    with pytest.raises(RefusedFiles, match="larger than 16 MB together"):
        read_course(InMemory(texts))


@open_to(Whom.EVERYBODY, "of this test")
def reads_two_files(request):
    return HttpResponse(f"{parsers.busy(b'0.9')} {parsers.busy(b'0.9')}")


urlpatterns = [path("two/", reads_two_files), *addresses.urlpatterns]


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_all_that_one_page_reads_costs_no_more_than_one_file_may(client):
    answer = client.get("/two/")
    assert answer.status_code == 422
    assert "This is no number" in answer.text


def test_each_is_one_kind_of_refusal():
    assert {RefusedPdf, UnreadableTable, UnreadablePicture, RefusedFiles} <= set(Unreadable.__subclasses__())
