"""What happens to the PDF of a document that is signed: places are put into it, then each signature fills its own.

Everything is an incremental update (ISO 32000-2, 7.5.6): what was signed before stays as it was, to the byte, and only
fields that were there before the first signature are filled later, which every validator allows. What a signatory
filled in, their signature locks.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field, enumerate_sig_fields

from milepost.core.sandbox import confined
from milepost.documents.reading import RefusedPdf, page_count
from milepost.documents.sealing import SealOnlyWriter, SealWords, WithGap, fill_gap, gap_for, leave_gap, reason_of
from milepost.documents.signatures import Signature
from milepost.documents.tagging import describe, in_order_of_structure
from milepost.documents.typesetting import draw
from milepost.journal.models import SigningKey
from milepost.journal.timestamping import authority_at_hand

MILLIMETRE = 72 / 25.4
FRAMES: dict[str, int] = {"top": 45, "step": 44, "height": 38, "width": 170, "left": 20, "per_page": 5}  # mm, A4
A4_HEIGHT = 297


@confined(RefusedPdf)
def with_page(content: bytes, page: bytes) -> bytes:
    """The PDF with the pages of another after its own; for one that nobody has signed."""
    with pikepdf.open(io.BytesIO(content)) as file, pikepdf.open(io.BytesIO(page)) as last:
        if "/AcroForm" in file.Root:
            file.flatten_annotations()
            del file.Root.AcroForm
        file.pages.extend(last.pages)
        saved = io.BytesIO()
        file.save(saved, linearize=False)
    return saved.getvalue()


@confined(RefusedPdf)
def with_places(
    content: bytes, *, signatories: Sequence[str], places: Sequence[Mapping[str, Any]], has_frames: bool
) -> bytes:
    """The PDF with a signature field for each signatory, and a field for each place that they fill.

    `signatories` are what is said of each one's field to those who don't see it.

    With `has_frames` the fields stand in the frames of the last pages; else where the signatory's first signature place
    is, or nowhere to be seen.
    """
    pages = page_count(content)
    first_frame_page = pages - -(-len(signatories) // FRAMES["per_page"]) if has_frames else 0
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    is_signed = "/AcroForm" in writer.root and any(value for _name, value, _field in enumerate_sig_fields(writer))
    if not is_signed:
        in_order_of_structure(writer, writer.find_page_for_modification(0)[0])  # where later seals and stamps stand
    for number, words in enumerate(signatories):
        page: int
        box: tuple[int, int, int, int] | None
        if has_frames:
            page, box = first_frame_page + number // FRAMES["per_page"], _frame(number % FRAMES["per_page"])
        else:
            own = next((p for p in places if p["signatory"] == number and p["kind"] == "signature"), None)
            page, box = (own["page"], _box(writer, own)) if own else (0, None)
        append_signature_field(writer, SigFieldSpec(signature_name(number), on_page=page, box=box))
        describe(writer, writer.root["/AcroForm"]["/Fields"].raw_get(-1), words, is_signed=is_signed)
    for number, place in enumerate(places):
        reference = _add_text_field(writer, place_name(number), place)
        describe(writer, reference, place.get("label") or place_name(number), is_signed=is_signed)
    saved = io.BytesIO()
    writer.write(saved)
    return saved.getvalue()


def signature_name(number: int) -> str:
    """The name of a signatory's field."""
    return f"Signatory{number + 1}"


def place_name(number: int) -> str:
    """The name of a place's field."""
    return f"Place{number + 1}"


def _frame(at: int) -> tuple[int, int, int, int]:
    """Where a frame stands, in points from the bottom left of an A4 page."""
    left, top = FRAMES["left"], FRAMES["top"] + at * FRAMES["step"]
    corners = (left, A4_HEIGHT - top - FRAMES["height"], left + FRAMES["width"], A4_HEIGHT - top)
    return tuple(round(corner * MILLIMETRE) for corner in corners)  # type: ignore[return-value]


def _box(writer: IncrementalPdfFileWriter, place: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """A place as the page's own coordinates, in points; a page that is turned is turned back."""
    page = writer.find_page_for_modification(place["page"])[0].get_object()
    x1, y1, x2, y2 = (
        float(value) for value in _inherited(page, "/CropBox") or _inherited(page, "/MediaBox") or (0, 0, 595, 842)
    )
    turn = int(_inherited(page, "/Rotate") or 0) % 360
    left, top, right, bottom = place["x"], place["y"], place["x"] + place["width"], place["y"] + place["height"]
    if turn == 90:
        left, top, right, bottom = top, 1 - right, bottom, 1 - left
    elif turn == 180:
        left, top, right, bottom = 1 - right, 1 - bottom, 1 - left, 1 - top
    elif turn == 270:
        left, top, right, bottom = 1 - bottom, left, 1 - top, right
    width, height = x2 - x1, y2 - y1
    return round(x1 + left * width), round(y2 - bottom * height), round(x1 + right * width), round(y2 - top * height)


def _inherited(page: Any, name: str) -> Any:
    while page is not None:
        if name in page:
            return page[name]
        parent = page.get("/Parent")
        page = parent.get_object() if parent is not None else None
    return None


def _add_text_field(writer: IncrementalPdfFileWriter, name: str, place: Mapping[str, Any]) -> Any:
    """A text field that people don't type into, since Milepost fills it; empty for now."""
    page_ref = writer.find_page_for_modification(place["page"])[0]
    page = page_ref.get_object()
    entries = {
        "/Type": generic.pdf_name("/Annot"),
        "/Subtype": generic.pdf_name("/Widget"),
        "/FT": generic.pdf_name("/Tx"),
        "/T": generic.pdf_string(name),
        "/F": generic.NumberObject(4),
        "/DA": generic.pdf_string("/Helv 0 Tf 0 g"),
        "/Rect": generic.ArrayObject(generic.FloatObject(value) for value in _box(writer, place)),
        "/P": page_ref,
    }
    field = generic.DictionaryObject({generic.pdf_name(key): value for key, value in entries.items()})
    reference = writer.add_object(field)
    annotations = page.get("/Annots")
    if annotations is None:
        page[generic.pdf_name("/Annots")] = generic.ArrayObject([reference])
        writer.update_container(page)
    else:
        annotations.append(reference)
        writer.update_container(annotations)
    form = writer.root["/AcroForm"]
    form["/Fields"].append(reference)
    writer.update_container(form["/Fields"])
    return reference


@dataclass(frozen=True)
class Stamp:
    """What a signatory puts into the document: their signature, what is to be known of it, and the values of places."""

    number: int
    signature: Signature
    lines: Sequence[str]
    values: Mapping[str, str]  # by the number of the place, as text
    language: str
    alt: str
    name: str  # of who signs; with `reason` and `contact` it stands in the signature (ISO 32000-2, table 255)
    reason: str = ""
    contact: str = ""


def sign_in(
    content: bytes, stamp: Stamp, *, places: Sequence[Mapping[str, Any]], key: SigningKey, time: datetime
) -> bytes:
    """The PDF with one signatory's places filled and their signature, sealed by the organisation's key (PAdES).

    What reads the file is confined; what needs the key, and what typesets, is not. Raises `RefusedPdf`.
    """
    own = signature_name(stamp.number)
    theirs = {place_name(number): number for number, place in enumerate(places) if place["signatory"] == stamp.number}
    texts = {
        name: "" if places[number]["kind"] == "signature" else stamp.values.get(str(number), "")
        for name, number in theirs.items()
    }
    inks = {name: _ink_of(text, stamp) for name, text in texts.items()}
    inks[own] = _Ink(stamp.signature.text, stamp.signature.svg(), lines=stamp.lines)
    sizes = _sizes(content, list(inks))
    drawn = {name: _drawn(ink, sizes[name], stamp, time) for name, ink in inks.items() if name in sizes}
    values = {name: text or stamp.alt for name, text in texts.items()}
    stamper = authority_at_hand()
    words = SealWords(stamp.name, time, reason_of(key, stamp.reason), stamp.contact, tuple(theirs))
    file = _filled(content, drawn, values, own, words, gap=gap_for(key, stamper))
    return fill_gap(WithGap.load(file), key=key, stamper=stamper)


@dataclass(frozen=True)
class _Ink:
    """What a field looks like: a text or a drawing (SVG), with lines beside it."""

    text: str
    svg: str = ""
    lines: Sequence[str] = ()
    style: str = "italic"  # of the text: a name that was typed as a signature leans


def _ink_of(text: str, stamp: Stamp) -> _Ink:
    """A value, or the signature where there is none to be written."""
    return _Ink(text, style="normal") if text else _Ink(stamp.signature.text, stamp.signature.svg())


@confined(RefusedPdf)
def _sizes(content: bytes, names: list[str]) -> dict[str, tuple[float, float]]:
    """Width and height in points of those of these fields that can be seen."""
    reader = PdfFileReader(io.BytesIO(content), strict=False)
    sizes = {}
    for name, field in _fields(reader.root).items():
        if name in names and "/Rect" in field and any(float(side) for side in field["/Rect"]):
            left, bottom, right, top = (float(side) for side in field["/Rect"])
            sizes[name] = abs(right - left), abs(top - bottom)
    return sizes


def _drawn(ink: _Ink, size: tuple[float, float], stamp: Stamp, time: datetime) -> bytes:
    """The field's appearance: a page of its size, typeset like everything else, so that letters are embedded."""
    width, height = size
    data = {
        "width": width,
        "height": height,
        "svg": ink.svg,
        "text": ink.text,
        "lines": list(ink.lines),
        "style": ink.style,
        "language": stamp.language,
        "alt": stamp.alt,
    }
    return draw("signature", data, time=time)


@confined(RefusedPdf)
def _filled(
    content: bytes, drawn: Mapping[str, bytes], values: Mapping[str, str], own: str, words: SealWords, *, gap: int
) -> bytes:
    """The PDF with these appearances and values in its fields, and a gap for the seal in one's own (`WithGap`)."""
    writer = SealOnlyWriter(io.BytesIO(content), strict=False)
    for name, field in _fields(writer.root).items():
        if name in drawn:
            appearance = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(drawn[name])))
            field[generic.pdf_name("/AP")] = generic.DictionaryObject({generic.pdf_name("/N"): appearance})
        if name in values:
            field[generic.pdf_name("/V")] = generic.pdf_string(values[name])
        if name in drawn or name in values:
            writer.update_container(field)
    return leave_gap(writer, own, words, size=gap).dump()


def _fields(root: Any) -> dict[str, Any]:
    """The fields of the form by name."""
    fields = (reference.get_object() for reference in root["/AcroForm"]["/Fields"])
    return {str(field["/T"]): field for field in fields if "/T" in field}
