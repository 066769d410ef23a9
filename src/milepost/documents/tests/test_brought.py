import io
import subprocess
import sys

import pikepdf
import pytest
from pyhanko.pdf_utils import generic

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.documents.composing import RefusedDocument, add_annex, upload
from milepost.documents.models import Document
from milepost.documents.places import check_places, put_places
from milepost.documents.requesting import RequestRefused, Terms, request_signatures
from milepost.documents.sealing import SealOnlyWriter, seal_in, seal_pdf
from milepost.documents.signatures import Signature
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import PLACES, TWO, a_pdf, act, pdf_of, people_of
from milepost.documents.typesetting import render
from milepost.journal import keys
from milepost.verify.pdf_seals import seals_in
from tests.readers import milepost_accepts, pdfsig_accepts

pytestmark = pytest.mark.django_db


def brought(organisation, lead, content=None):
    return upload(
        organisation=organisation, content=content or a_pdf(), name="x.pdf", title="House rules", language="en", by=lead
    )


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_any_pdf_is_signed_with_places_to_fill(organisation, lead, rotate):
    document = brought(organisation, lead, a_pdf(rotate=rotate))
    document.places = check_places(document, PLACES, signatories=2)
    document.save()
    asked = request_signatures(document=document, parties=TWO, terms=Terms(), by=lead)
    [first, second] = people_of(asked)
    with pytest.raises(RequestRefused, match="Fill in “Town”"):
        sign(signatory=first, act=act())
    sign(signatory=first, act=act(values={"0": "Malmö", "1": "1"}))
    sign(signatory=second, act=act(signature=Signature(text="Łucja Öberg")))
    content = pdf_of(asked)
    assert [seal.holds for seal in seals_in(content)] == [True, True]
    assert pdfsig_accepts(content, seals=2)
    with pikepdf.open(io.BytesIO(content)) as file:
        assert len(file.pages) == 3
        values = {str(field.T): str(field.V) for field in file.Root.AcroForm.Fields if str(field.T).startswith("Place")}
    assert values["Place1"] == "Malmö"
    assert values["Place2"] == "✓"


@pytest.fixture
def filled(organisation, lead):
    """A PDF that people brought, its places filled in and signed by both."""
    document = brought(organisation, lead)
    document.places = check_places(document, PLACES, signatories=2)
    document.save()
    [first, second] = people_of(request_signatures(document=document, parties=TWO, terms=Terms(), by=lead))
    sign(signatory=first, act=act(values={"0": "Malmö", "1": "1"}))
    sign(signatory=second, act=act())
    return pdf_of(first.request)


def with_another_town(content):
    """The writer of an update that fills the first place anew, as anybody's PDF program could."""
    writer = SealOnlyWriter(io.BytesIO(content))
    reference = next(field for field in writer.root["/AcroForm"]["/Fields"] if field.get_object()["/T"] == "Place1")
    reference.get_object()["/V"] = generic.pdf_string("Lund")
    writer.mark_update(reference)
    return writer


def test_what_was_filled_in_can_not_be_filled_in_anew(filled):
    assert milepost_accepts(filled, seals=2)
    saved = io.BytesIO()
    with_another_town(filled).write(saved)
    assert not milepost_accepts(saved.getvalue(), seals=2)
    assert not pdfsig_accepts(saved.getvalue(), seals=2)


def test_verify_says_so_in_one_line(filled, tmp_path):
    with (tmp_path / "agreement.pdf").open("wb") as file:
        with_another_town(filled).write(file)
    command = [sys.executable, "-m", "milepost.verify", file.name]
    finished = subprocess.run(command, capture_output=True, text=True)
    line = "DOES NOT HOLD: The PDF was changed after seal 1 (Common Name: Aldermoor (seal), Organization: Aldermoor).\n"
    assert (finished.returncode, finished.stdout, finished.stderr) == (1, line, "")


@pytest.mark.usefixtures("elsewhere")
def test_not_even_by_somebody_who_seals_it_too(filled):
    seal_with = {"key": keys.current_key(99), "time": clock.now()}
    first, *_others = seals_in(seal_in(with_another_town(filled), "Theirs", **seal_with))
    assert not first.holds
    assert milepost_accepts(seal_pdf(filled, **seal_with), seals=3)  # a seal alone takes nothing from the others


@pytest.mark.usefixtures("elsewhere")
def test_a_pdf_that_others_signed_keeps_their_signature(organisation, lead):
    theirs = seal_pdf(
        render_blank(), key=keys.current_key(99), time=clock.now().replace(microsecond=0), reason="Theirs"
    )
    document = brought(organisation, lead, theirs)
    assert document.was_signed_before
    with pytest.raises(RefusedDocument, match="nothing but signatures"):
        check_places(document, PLACES[:1], signatories=1)
    asked = request_signatures(document=document, parties=TWO[:1], terms=Terms(), by=lead)
    sign(signatory=people_of(asked)[0], act=act())
    content = pdf_of(asked)
    assert content.startswith(theirs)
    [first, _ours] = seals_in(content)
    assert (first.reason, first.holds) == ("Theirs", True)


def render_blank():
    from milepost.documents.signature_fields import FRAMES

    data = {
        "language": "en",
        "title": "T",
        "organisation": "O",
        "colour": "#0f5c4d",
        "signatories": ["a"],
        "frames": FRAMES,
        "signatures_heading": "S",
        "signatures_note": "",
        "logo": None,
    }
    return render("signature-page", data, time=clock.now())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (a_pdf(password="secret"), "protected with a password"),
        (b"%PDF-1.7 broken", "is broken"),
        (b"<svg><script>alert(1)</script></svg>", "is not a PDF"),
        (b"", "is not a PDF"),
        (a_pdf(501), "more than 500 pages"),
    ],
    ids=["encrypted", "broken", "svg", "empty", "long"],
)
def test_a_pdf_that_can_not_be_taken_is_refused_with_what_to_do(organisation, lead, content, complaint):
    with pytest.raises(Refused, match=complaint):
        upload(organisation=organisation, content=content, name="x.pdf", title="", language="en", by=lead)
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"x": 0.9},
        {"page": 7},
        {"signatory": 9},
        {"kind": "script"},
        {"width": -1},
        {"x": "NaN"},
        {"x": None},
        {"height": 1e9},
    ],
)
def test_places_outside_of_their_page_are_refused(organisation, lead, change):
    with pytest.raises(RefusedDocument):
        check_places(brought(organisation, lead), [PLACES[0] | change], signatories=2)


def test_what_people_were_asked_to_sign_takes_no_more_places_and_annexes(organisation, lead):
    document = brought(organisation, lead)
    request_signatures(document=document, parties=TWO, terms=Terms(), by=lead)
    with pytest.raises(RefusedDocument, match="settled"):
        put_places(document=document, places=PLACES)
    with pytest.raises(RefusedDocument, match="nothing is added"):
        add_annex(document=document, name="late.txt", chunks=[b"late"])
    document.refresh_from_db()
    assert (document.places, document.annexes) == ([], [])
