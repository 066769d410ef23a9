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
import pypdfium2
from django.utils.translation import gettext, gettext_lazy
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from milepost.core.refusals import Refused
from milepost.documents.sealing import SealOnlyWriter, seal_in
from milepost.documents.signatures import Signature
from milepost.documents.typesetting import render
from milepost.journal.models import SigningKey

MILLIMETRE = 72 / 25.4
FRAMES: dict[str, int] = {"top": 45, "step": 44, "height": 38, "width": 170, "left": 20, "per_page": 5}  # mm, A4
A4_HEIGHT = 297
MAX_PAGES = 500
BROKEN = (pikepdf.PdfError, PdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError)

PROTECTED = gettext_lazy("The PDF is protected with a password. Save it without one, then bring it again.")


class RefusedPdf(Refused):
    """The PDF can't be taken: it is broken, unless raised with another sentence."""

    sentence = gettext_lazy("This is not a PDF, or it is broken. Open it, save it as PDF anew, then bring that.")
    status = 422


@dataclass(frozen=True)
class Examined:
    """A PDF that can be taken."""

    pages: int
    was_signed: bool


def examine(content: bytes) -> Examined:
    """Look into a PDF that somebody brought. Raises `RefusedPdf`."""
    try:
        with pikepdf.open(io.BytesIO(content)) as file:
            pages, is_encrypted = len(file.pages), file.is_encrypted
        was_signed = bool(PdfFileReader(io.BytesIO(content), strict=False).embedded_signatures)
    except pikepdf.PasswordError as error:
        raise RefusedPdf(PROTECTED) from error
    except BROKEN as error:
        raise RefusedPdf from error
    if is_encrypted:
        raise RefusedPdf(PROTECTED)
    if not pages:
        raise RefusedPdf(gettext("The PDF has no page."))
    if pages > MAX_PAGES:
        raise RefusedPdf(gettext("The PDF has more than 500 pages. Bring it in parts."))
    return Examined(pages, was_signed)


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


def with_places(content: bytes, *, signatories: int, places: Sequence[Mapping[str, Any]], has_frames: bool) -> bytes:
    """The PDF with a signature field for each signatory, and a field for each place that they fill.

    With `has_frames` the fields stand in the frames of the last pages; else where the signatory's first signature place
    is, or nowhere to be seen.
    """
    pages = page_count(content)
    first_frame_page = pages - -(-signatories // FRAMES["per_page"]) if has_frames else 0
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    for number in range(signatories):
        page: int
        box: tuple[int, int, int, int] | None
        if has_frames:
            page, box = first_frame_page + number // FRAMES["per_page"], _frame(number % FRAMES["per_page"])
        else:
            own = next((p for p in places if p["signatory"] == number and p["kind"] == "signature"), None)
            page, box = (own["page"], _box(writer, own)) if own else (0, None)
        append_signature_field(writer, SigFieldSpec(signature_name(number), on_page=page, box=box))
    for number, place in enumerate(places):
        _add_text_field(writer, place_name(number), place)
    saved = io.BytesIO()
    writer.write(saved)
    return saved.getvalue()


def signature_name(number: int) -> str:
    """The name of a signatory's field."""
    return f"Signatory{number + 1}"


def place_name(number: int) -> str:
    """The name of a place's field."""
    return f"Place{number + 1}"


def page_count(content: bytes) -> int:
    """How many pages there are."""
    with pikepdf.open(io.BytesIO(content)) as file:
        return len(file.pages)


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


def _add_text_field(writer: IncrementalPdfFileWriter, name: str, place: Mapping[str, Any]) -> None:
    """A text field that people don't type into, since Milepost fills it; empty for now."""
    page_ref = writer.find_page_for_modification(place["page"])[0]
    page = page_ref.get_object()
    entries = {
        "/Type": generic.pdf_name("/Annot"),
        "/Subtype": generic.pdf_name("/Widget"),
        "/FT": generic.pdf_name("/Tx"),
        "/T": generic.pdf_string(name),
        "/TU": generic.pdf_string(place.get("label") or name),
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


@dataclass(frozen=True)
class Stamp:
    """What a signatory puts into the document: their signature, what is to be known of it, and the values of places."""

    number: int
    signature: Signature
    lines: Sequence[str]
    values: Mapping[str, str]  # by the number of the place, as text
    language: str
    alt: str


def sign_in(
    content: bytes, stamp: Stamp, *, places: Sequence[Mapping[str, Any]], key: SigningKey, time: datetime, reason: str
) -> bytes:
    """The PDF with one signatory's places filled and their signature, sealed by the organisation's key (PAdES)."""
    writer = SealOnlyWriter(io.BytesIO(content), strict=False)
    fields = {
        str(reference.get_object()["/T"]): reference.get_object() for reference in writer.root["/AcroForm"]["/Fields"]
    }
    theirs = {number: place for number, place in enumerate(places) if place["signatory"] == stamp.number}
    for number, place in theirs.items():
        _fill(writer, fields[place_name(number)], _shown(place, stamp, number), stamp, time)
    own = fields[signature_name(stamp.number)]
    if "/Rect" in own and any(float(side) for side in own["/Rect"]):
        ink = _Ink(stamp.signature.text, stamp.signature.svg(), lines=stamp.lines)
        _draw(writer, own, ink, stamp, time)
        writer.update_container(own)
    locked = [place_name(number) for number in theirs]
    return seal_in(writer, signature_name(stamp.number), key=key, time=time, reason=reason, locked=locked)


def _shown(place: Mapping[str, Any], stamp: Stamp, number: int) -> str:
    return "" if place["kind"] == "signature" else stamp.values.get(str(number), "")


@dataclass(frozen=True)
class _Ink:
    """What a field looks like: a text or a drawing (SVG), with lines beside it."""

    text: str
    svg: str = ""
    lines: Sequence[str] = ()
    style: str = "italic"  # of the text: a name that was typed as a signature leans


def _fill(writer: IncrementalPdfFileWriter, field: Any, text: str, stamp: Stamp, time: datetime) -> None:
    """A value, or the signature where there is none to be written."""
    ink = _Ink(text, style="normal") if text else _Ink(stamp.signature.text, stamp.signature.svg())
    _draw(writer, field, ink, stamp, time)
    field[generic.pdf_name("/V")] = generic.pdf_string(text or stamp.alt)
    writer.update_container(field)


def _draw(writer: IncrementalPdfFileWriter, field: Any, ink: _Ink, stamp: Stamp, time: datetime) -> None:
    """Give the field its appearance: a page of its size, typeset like everything else, so that letters are embedded."""
    left, bottom, right, top = (float(side) for side in field["/Rect"])
    data = {
        "width": abs(right - left),
        "height": abs(top - bottom),
        "svg": ink.svg,
        "text": ink.text,
        "lines": list(ink.lines),
        "style": ink.style,
        "language": stamp.language,
        "alt": stamp.alt,
    }
    drawn = PdfFileReader(io.BytesIO(render("signature", data, time=time)))
    appearance = writer.import_page_as_xobject(drawn)
    field[generic.pdf_name("/AP")] = generic.DictionaryObject({generic.pdf_name("/N"): appearance})


def picture_of_page(content: bytes, number: int, *, width: int) -> tuple[bytes, int]:
    """A page as WebP so many pixels wide, and its height. Raises `IndexError` for a page that is not there."""
    file = pypdfium2.PdfDocument(content)
    file.init_forms()  # without it, no field would be drawn
    try:
        if not 0 <= number < len(file):
            raise IndexError(number)
        page = file[number]
        shown = page.render(scale=width / page.get_width(), may_draw_forms=True)
        image = shown.to_pil().convert("RGB")
        saved = io.BytesIO()
        image.save(saved, "WEBP", quality=82, method=2)
        return saved.getvalue(), image.height
    finally:
        file.close()
