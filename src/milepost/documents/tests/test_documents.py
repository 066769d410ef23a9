import io
from datetime import UTC, datetime

import pypdfium2
import pytest
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from milepost.core.pictures import size_of
from milepost.documents.sealing import seal_pdf
from milepost.documents.typesetting import picture, qr_code, render
from milepost.journal import keys
from milepost.verify.pdf_seals import seals_in
from milepost.verify.report import Broken
from tests.accessible import faults_of
from tests.readers import milepost_accepts, pdfsig_accepts, text_in, told_by

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("elsewhere")]
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DATA = {
    "heading": "Certificate of completion",
    "title": "Fire safety",
    "organisation": "Aldermoor",
    "organisation_facts": ["1 rue du Port", "11 75"],
    "colour": "#0f5c4d",
    "language": "en",
    "code": "7F3K",
    "logo": None,
    "reference": "Version 3",
    "beneficiary": "Zoë Nygård-Łuczak",
    "statement": "has completed",
    "facts": [["Result", "94 %"]],
    "objectives": ["Raise the alarm"],
    "objectives_label": "Objectives",
    "certifier": "Claire Fontaine",
    "certifier_quality": "Head of learning",
    "sealed": "Sealed.",
    "check": "Check:",
    "address": "http://localhost/verify/7F3K/",
    "address_shown": "localhost",
    "code_label": "Code",
    "qr": qr_code("http://localhost/verify/7F3K/"),
}


@pytest.fixture
def pdf():
    return render("certificate", DATA, time=NOW)


@pytest.fixture
def sealed(pdf):
    return seal_pdf(pdf, key=keys.current_key(7), time=NOW, reason="Certificate 7F3K")


def test_a_page_is_a_tagged_pdf_a_of_one_page(pdf):
    report = told_by("pdfinfo", pdf)
    for words in ("Pages:           1", "Tagged:          yes", "Page size:       841.89 x 595.276 pts (A4)"):
        assert words in report
    metadata = told_by("pdfinfo -meta", pdf)
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata


def test_the_words_can_be_read_out_of_it(pdf):
    text = text_in(pdf)
    for words in ("Zoë Nygård-Łuczak", "Fire safety", "Raise the alarm", "Claire Fontaine"):
        assert words in text


@pytest.mark.parametrize("length", [1, 40, 120, 160])
def test_long_names_and_titles_stay_on_one_page(length):
    words = ("Given Family " * 20)[:length]
    data = DATA | {"beneficiary": words, "title": words, "objectives": [words] * 6}
    assert "Pages:           1" in told_by("pdfinfo", render("certificate", data, time=NOW))


def test_the_same_data_gives_the_same_bytes(pdf):
    assert render("certificate", DATA, time=NOW) == pdf


def test_what_people_write_is_never_code():
    data = DATA | {"title": '#panic("no") $x$ *bold* <label> @ref', "beneficiary": "]#[ \\ `"}
    assert render("certificate", data, time=NOW).startswith(b"%PDF")


def test_a_logo_stands_on_it():
    from pathlib import Path

    logo = (Path(__file__).parents[4] / "docs/pictures/people-360.png").read_bytes()
    with_logo = render("certificate", DATA | {"logo": picture(logo, "image/png", size_of(logo))}, time=NOW)
    assert b"/Subtype /Image" in with_logo or b"/Subtype/Image" in with_logo


def test_a_wide_logo_stands_as_high_as_the_line_and_never_runs_into_what_stands_beside_it():
    saved = io.BytesIO()
    Image.new("RGB", (1600, 200), "#0f5c4d").save(saved, "PNG")
    data = DATA | {"logo": picture(saved.getvalue(), "image/png", size_of(saved.getvalue()))}
    pdf = render("certificate", data, time=NOW)
    assert "Pages:           1" in told_by("pdfinfo", pdf)
    assert faults_of(pdf) == []
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=1).to_pil().convert("RGB")
    green = [x for x in range(60, page.width) for y in range(40, 90) if page.getpixel((x, y)) == (15, 92, 77)]
    assert 150 < max(green) - min(green) < 300


def test_pdfsig_and_pyhanko_both_accept_the_seal(sealed):
    report = told_by("pdfsig", sealed)
    for words in ("Signature is Valid", "Total document signed", "ETSI.CAdES.detached", "SHA-256"):
        assert words in report
    (seal,) = seals_in(sealed)
    assert seal.holds
    assert seal.key == keys.current_key(7).fingerprint
    assert seal.reason == "Certificate 7F3K"


def test_a_sealed_page_is_still_pdf_a(sealed):
    assert "<pdfaid:part>3</pdfaid:part>" in told_by("pdfinfo -meta", sealed)
    assert PdfFileReader(io.BytesIO(sealed)).input_version == (1, 7)
    assert "No syntax or stream encoding errors found" in told_by("qpdf --check", sealed)


def test_the_seal_names_the_certificate_it_was_made_with(sealed):
    """PAdES baseline asks for the signing-certificate attribute, and forbids a signing time in the CMS."""
    (signature,) = PdfFileReader(io.BytesIO(sealed)).embedded_regular_signatures
    names = {attribute["type"].native for attribute in signature.signer_info["signed_attrs"]}
    assert "signing_certificate_v2" in names
    assert "signing_time" not in names


@pytest.mark.parametrize("at", [0.01, 0.2, 0.5, 0.8, 0.9])
def test_any_changed_byte_is_found(sealed, at):
    place = int(len(sealed) * at)
    changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
    assert not milepost_accepts(changed, seals=1)
    assert not pdfsig_accepts(changed, seals=1)


def test_a_second_seal_leaves_the_first_one_valid(sealed):
    both = seal_pdf(sealed, key=keys.current_key(8), time=NOW)
    assert [seal.holds for seal in seals_in(both)] == [True, True]
    assert told_by("pdfsig", both).count("Signature is Valid") == 2


def test_the_second_seal_of_a_key_is_as_good_as_the_first(pdf):
    key = keys.current_key(7)
    for reason in ("one", "two, and longer"):
        again = seal_pdf(pdf, key=key, time=NOW, reason=reason)
        assert "Signature is Valid" in told_by("pdfsig", again)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"%PDF-" + b"\xff" * 5000, b"not a pdf", b"%PDF-1.4\n%%EOF"])
def test_what_is_no_pdf_is_read_without_harm(content):
    with pytest.raises(Broken):
        seals_in(content)


def test_an_authority_that_is_down_lowers_the_level_and_blocks_nothing(settings, pdf):
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"
    assert "Signature is Valid" in told_by("pdfsig", seal_pdf(pdf, key=keys.current_key(7), time=NOW))


def test_a_key_of_one_s_own_seals_pages(pdf):
    from cryptography.hazmat.primitives.asymmetric import rsa

    from milepost.journal.tests.test_sealing import certificate_for, pkcs12_file

    private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    key = keys.import_pkcs12(7, pkcs12_file(private, certificate_for(private)), password="secret")
    report = told_by("pdfsig", seal_pdf(pdf, key=key, time=NOW))
    assert "Signature is Valid" in report
    assert "Aldermoor seal" in report
