"""A PDF that somebody brought, or that was made here: whether it can be taken, how many pages it has, how they look.

What reads is large (pikepdf, PDFium, pyHanko) and is loaded in the process alone that children are forked from.
"""

import io
from dataclasses import dataclass
from math import sqrt

from django.utils.translation import gettext, gettext_lazy

from milepost.core.sandbox import Unreadable, confined

MAX_PAGES = 500
MAX_PIXELS = 4_000_000  # of a page's picture: an A4 page 1,600 wide
MAX_SIDE = 16_000  # pixels: WebP knows no higher picture
PROTECTED = gettext_lazy("The PDF is protected with a password. Save it without one, then bring it again.")


class RefusedPdf(Unreadable):
    """The PDF can't be taken: it is broken, unless raised with another sentence."""

    sentence = gettext_lazy("This is not a PDF, or it is broken. Open it, save it as PDF anew, then bring that.")


@dataclass(frozen=True)
class Examined:
    """A PDF that can be taken."""

    pages: int
    was_signed: bool


def examine(content: bytes) -> Examined:
    """Look into a PDF that somebody brought. Raises `RefusedPdf`."""
    return Examined(*_examined(content))


@confined(RefusedPdf, loads=("pikepdf", "pyhanko.pdf_utils.reader", "pyhanko.sign"))
def _examined(content: bytes) -> tuple[int, bool]:
    import pikepdf
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    broken = (pikepdf.PdfError, PdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError)
    try:
        with pikepdf.open(io.BytesIO(content)) as file:
            pages, is_encrypted = len(file.pages), file.is_encrypted
        was_signed = bool(PdfFileReader(io.BytesIO(content), strict=False).embedded_signatures)
    except pikepdf.PasswordError as error:
        raise RefusedPdf(PROTECTED) from error
    except broken as error:
        raise RefusedPdf from error
    if is_encrypted:
        raise RefusedPdf(PROTECTED)
    if not pages:
        raise RefusedPdf(gettext("The PDF has no page."))
    if pages > MAX_PAGES:
        raise RefusedPdf(gettext("The PDF has more than 500 pages. Bring it in parts."))
    return pages, was_signed


@confined(RefusedPdf, loads=("pikepdf",))
def page_count(content: bytes) -> int:
    """How many pages there are. Raises `RefusedPdf`."""
    import pikepdf

    with pikepdf.open(io.BytesIO(content)) as file:
        return len(file.pages)


def picture_of_page(content: bytes, number: int, *, width: int) -> bytes:
    """A page as WebP so many pixels wide. Raises `IndexError` for a page that is not there, `RefusedPdf`."""
    picture = _picture_of_page(content, number, width)
    if picture is None:
        raise IndexError(number)
    return picture


@confined(RefusedPdf, loads=("pypdfium2", "PIL.WebPImagePlugin"))
def _picture_of_page(content: bytes, number: int, width: int) -> bytes | None:
    import pypdfium2

    file = pypdfium2.PdfDocument(content)
    file.init_forms()  # without it, no field would be drawn
    if not 0 <= number < len(file):
        return None
    page = file[number]
    # A page that is far higher than wide is shown less wide than asked for: its pixels are what it costs.
    across, down = page.get_width(), page.get_height()
    scale = min(width / across, MAX_SIDE / down, sqrt(MAX_PIXELS / (across * down)))
    shown = page.render(scale=scale, may_draw_forms=True)
    saved = io.BytesIO()
    shown.to_pil().convert("RGB").save(saved, "WEBP", quality=82, method=2)
    return saved.getvalue()
