"""The places of a document: what signatories fill in and sign, put onto the pages of a PDF that somebody brought.

How they become fields of the PDF is in `signature_fields`.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from milepost.documents.composing import RefusedDocument
from milepost.documents.models import Document, SignatureRequest
from milepost.documents.requesting import MAX_SIGNATORIES

PLACE_KINDS = ("signature", "text", "date", "check")
MAX_PLACES = 200
LEAST_SIDE = 0.005  # of a place, as a share of the page
ROUNDING = 0.0001  # what a browser's fractions may add up to beyond the page


def may_be_placed(document: Document) -> bool:
    """Whether places can be put: somebody brought it, and nobody was asked to sign yet."""
    return bool(document.source) and not SignatureRequest.objects.filter(document=document).exists()


def put_places(*, document: Document, places: Any) -> None:
    """Keep the places that a browser sent, instead of those that were there. Raises `RefusedDocument`. Records nothing."""
    checked = check_places(document, places, signatories=MAX_SIGNATORIES)
    with transaction.atomic():
        locked = Document.objects.select_for_update(of=("self",), no_key=True).get(pk=document.pk)
        if not may_be_placed(locked):
            raise RefusedDocument(_("The places of this document are settled."))
        locked.places = document.places = checked
        locked.save(update_fields=["places"])


def check_places(document: Document, places: Any, *, signatories: int) -> list[dict[str, Any]]:
    """The places as they are kept, from what a browser sent. Raises `RefusedDocument`."""
    pages = document.content.get("pages", 0)
    try:
        checked = [_read(sent, pages, signatories) for sent in places]
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise RefusedDocument(_("A place is outside of its page, or belongs to nobody. Put it anew.")) from error
    if len(checked) > MAX_PLACES:
        raise RefusedDocument(_("These are more than 200 places."))
    if document.was_signed_before and any(place["kind"] != "signature" for place in checked):
        raise RefusedDocument(_("Others have signed this PDF: nothing but signatures can be added to it."))
    return checked


def _read(sent: Any, pages: int, signatories: int) -> dict[str, Any]:
    box = {name: float(sent[name]) for name in ("x", "y", "width", "height")}
    signatory, page, kind = int(sent["signatory"]), int(sent["page"]), str(sent["kind"])
    is_inside = _fits(box["x"], box["width"]) and _fits(box["y"], box["height"])
    if not (is_inside and 0 <= signatory < signatories and 0 <= page < pages and kind in PLACE_KINDS):
        raise ValueError
    label, is_required = str(sent.get("label", ""))[:80], bool(sent.get("required", True))
    return {**box, "signatory": signatory, "page": page, "kind": kind, "label": label, "required": is_required}


def _fits(start: float, length: float) -> bool:
    return start >= 0 and length >= LEAST_SIDE and start + length <= 1 + ROUNDING
