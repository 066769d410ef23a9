"""An agreement and those who sign it, for the tests of documents."""

import io

import pikepdf

from milepost.core import blobs
from milepost.documents.links import link_of
from milepost.documents.models import Document
from milepost.documents.reminding import notify_due
from milepost.documents.requesting import Party
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act
from milepost.notices.sending import send_due

DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}'
VALUES = {
    "title": "Ladders, hands on",
    "client": "Norrviken AB",
    "reference": "A-0001",
    "objectives": "Stand safely\nCome down whole",
    "dates": "26 November 2026, 9:00–17:00",
    "hours": "7 h",
    "place": "Depot 3",
    "price": "1,200 €",
    "people": "Otto Ølund",
    "person": "Otto Ølund",
    "means": "A trainer and six ladders",
    "content": "Types\nUse",
}
TWO = [
    Party("Claire Fontaine", "claire@aldermoor.example", "for the training organisation"),
    Party("Łucja Öberg", "lucja@norrviken.example", "for the client"),
]


PLACES = [
    {"signatory": 0, "kind": "text", "page": 0, "x": 0.1, "y": 0.1, "width": 0.3, "height": 0.03, "label": "Town"},
    {"signatory": 0, "kind": "check", "page": 1, "x": 0.1, "y": 0.2, "width": 0.03, "height": 0.02, "label": "I agree"},
    {"signatory": 1, "kind": "signature", "page": 1, "x": 0.6, "y": 0.8, "width": 0.3, "height": 0.08, "label": ""},
    {"signatory": 1, "kind": "date", "page": 1, "x": 0.6, "y": 0.9, "width": 0.2, "height": 0.03, "label": ""},
]


def mail_due():
    """What the background does: say what is due, and send it. Returns how many mails went out."""
    notify_due()
    return send_due()


def act(**changes):
    return Act(**({"signature": Signature.read(DRAWN), "address": "10.0.0.7", "agent": "Phone"} | changes))


def path_of(signatory):
    return "/" + link_of(signatory).partition("://")[2].partition("/")[2]


def a_pdf(pages=2, *, rotate=0, password=None):
    made = pikepdf.new()
    for _page in range(pages):
        page = made.add_blank_page(page_size=(595, 842))
        page.Rotate = rotate
    saved = io.BytesIO()
    made.save(saved, encryption=pikepdf.Encryption(owner=password, user=password) if password else False)
    return saved.getvalue()


def pdf_of(request):
    document = Document.objects.select_related("organisation").get(pk=request.document_id)
    return blobs.read(document.organisation.uid, document.pdf)


def people_of(request):
    return list(request.signatories.select_related("request__document__organisation", "member"))
