"""From a template and data to a tagged PDF that is PDF/A-3a (ISO 19005-3, level A) and PDF/UA-1 (ISO 14289-1), with Typst.

A template is a file in `typst/`. It gets its data as one JSON value and lays it out; words come with the data, so
that they are translated where all others are.
"""

import base64
import io
import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

import segno
from django.utils.translation import gettext as _

from milepost.core import blobs
from milepost.core.pictures import size_of
from milepost.documents.letters import FONTS, typesettable
from milepost.people.models import Organisation

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).parent / "typst"
PAPER: list["typst.PDFStandard"] = ["a-3a", "ua-1"]
PICTURE: list["typst.PDFStandard"] = ["a-3u"]

_one_at_a_time = Lock()  # a compiler keeps the data of the document that it is at


def render(template: str, data: dict[str, Any], *, time: datetime) -> bytes:
    """The PDF that the template makes of the data; `time` is when the document says that it was made.

    The same data and time give the same bytes, and no text keeps a document from being made (see `letters`). Raises `typst.TypstError` when the template does not fit the data.
    """
    return _compiled(template, data, time, PAPER)


def draw(template: str, data: dict[str, Any], *, time: datetime) -> bytes:
    """As `render`, without tags: a page that becomes a picture in another PDF, whose structure tells what it is."""
    return _compiled(template, data, time, PICTURE)


def _compiled(template: str, data: dict[str, Any], time: datetime, standards: list["typst.PDFStandard"]) -> bytes:
    try:
        with _one_at_a_time:
            pdf = _compiler().compile(
                input=_source(template),
                format="pdf",
                pdf_standards=standards,
                sys_inputs={"data": json.dumps(typesettable(data))},
                timestamp=int(time.timestamp()),
                pdf_tags=standards is PAPER,
            )
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise RuntimeError(
            f"Typst can’t set this: {error}"
        ) from error  # its panic would end whoever catches exceptions only
    assert isinstance(pdf, bytes)  # noqa: S101 (a list of them is for images only)
    return pdf


@lru_cache(maxsize=1)
def _compiler() -> "typst.Compiler":
    """Made once: loading fonts takes longer than a document."""
    import typst  # heavy, and few processes need it

    return typst.Compiler(root=TEMPLATES, font_paths=[FONTS], ignore_system_fonts=True)


@lru_cache(maxsize=32)
def _source(template: str) -> bytes:
    return (TEMPLATES / f"{template}.typ").read_bytes()


def qr_code(text: str) -> str:
    """The text as a QR code (ISO/IEC 18004, error correction M), as SVG without a margin."""
    drawn = io.BytesIO()
    # One mask for all: trying the eight takes three times as long, and readers take any.
    segno.make(text, error="m", micro=False, mask=4).save(
        drawn, kind="svg", border=0, xmldecl=False, svgns=True, omitsize=True, nl=False
    )
    return drawn.getvalue().decode()


def facts_of(organisation: Organisation, address: str, registration: str) -> list[str]:
    """What stands below the organisation's name on a paper, in the active language: of a demonstration, first that it is one.

    Address and registration number are those of the paper: it may state what they were.
    """
    told = [_("Demonstration: nothing of this took place")] if organisation.is_demonstration else []
    number = _("Registration number %(number)s") % {"number": registration} if registration else ""
    return [*told, *filter(None, (address, number))]


def logo_of(organisation: Organisation) -> str | None:
    """The organisation's logo as data for a template, or None."""
    if not organisation.logo:
        return None
    return _logo(organisation.uid, organisation.logo, organisation.logo_type)


@lru_cache(maxsize=32)
def _logo(organisation: UUID, digest: str, content_type: str) -> str:
    """Read and measured once a process: a thousand certificates carry the same."""
    content = blobs.read(organisation, digest)
    return picture(content, content_type, size_of(content))


def picture(content: bytes, content_type: str, size: tuple[int, int]) -> str:
    """A raster picture of this size (pixels) as SVG, since data can only carry text; it keeps its proportions."""
    encoded = base64.b64encode(content).decode()
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:{content_type};base64,{encoded}"/></svg>'
    )
