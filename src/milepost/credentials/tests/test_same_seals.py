"""A seal that is like one which pyHanko found to hold is read without it, and pyHanko reads each file that is read so alike."""

import hashlib
import io
import re
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import clock
from milepost.credentials.typesetting import pdf_of
from milepost.documents.sealing import WithGap, fill_gap, seal_pdf
from milepost.journal import keys
from milepost.people.organisations import create_organisation
from milepost.verify import pdf_seals, same_seals
from milepost.verify.pdf_seals import seals_in
from milepost.verify.report import Broken
from tests.mutations import bounded, damaged

pytestmark = pytest.mark.django_db
VECTORS = Path(__file__).parents[4] / "tests/vectors"


@pytest.fixture(autouse=True)
def _none_is_remembered():
    same_seals.forget()
    yield
    same_seals.forget()


@pytest.fixture
def key(organisation):
    return keys.current_key(organisation.pk)


def told(pdf):
    """The seals in it, or why they can't be read."""
    try:
        return seals_in(pdf)
    except Broken as broken:
        return str(broken)


@pytest.fixture
def by_pyhanko(monkeypatch):
    def read(pdf):
        with monkeypatch.context() as patch:
            patch.setattr(pdf_seals, "same_seal", lambda _content: None)
            return told(pdf)

    return read


def sealed_anew(pdf, key, *, fills=b""):
    """The PDF, which is sealed, with a seal by the key over whatever it is now: what only its holder can do."""
    start = pdf.rindex(b"/Contents <") + 10
    end = pdf.index(b">", start) + 1
    found = re.search(rb"/ByteRange \[[^\]]*\] *", pdf[end:])
    words = b"/ByteRange [0 %d %d %d]" % (start, end, len(pdf) - end)
    after = pdf[end:].replace(found[0], words.ljust(len(found[0])), 1)
    digest = hashlib.sha256(pdf[:start] + after).digest()
    made = fill_gap(
        WithGap(pdf[:start] + b"<" + b"0" * (end - start - 2) + b">" + after, digest, start, end), key=key, stamper=None
    )
    return made[: end - 1 - len(fills)] + fills + made[end - 1 :]


def written_anew(pdf, old, new):
    """The PDF with other words in its last part, and all the places that are told there moved along."""
    assert pdf.count(old, pdf.rindex(b"%%EOF", 0, -10)) >= 1, old
    at = pdf.index(old, pdf.rindex(b"%%EOF", 0, -10))
    moved = len(new) - len(old)
    table = pdf.rindex(b"\nxref\n") + 1
    before, after = pdf[:at] + new + pdf[at + len(old) : table], pdf[table:]

    def place(found):
        return b"%010d 00000 n" % (int(found[1]) + (moved if int(found[1]) > at else 0))

    after = re.sub(rb"(\d{10}) 00000 n", place, after)
    return before + after.replace(b"startxref\n%d" % table, b"startxref\n%d" % (table + moved))


def test_the_next_file_by_the_same_key_is_read_without_pyhanko(earned, key, by_pyhanko, monkeypatch):
    first, second = (
        seal_pdf(
            pdf_of(earned)[: pdf_of(earned).index(b"%%EOF") + 5],
            key=key,
            time=clock.now() + timedelta(days),
            reason=reason,
        )
        for days, reason in enumerate(("Certificate 18C5-CH5E", "Zertifikat „Ärger“ (2)"))
    )
    expected = by_pyhanko(second)
    assert told(first) == by_pyhanko(first)
    monkeypatch.setattr("pyhanko.pdf_utils.reader.PdfFileReader", None)
    assert told(second) == expected
    assert expected[0].holds


def test_the_first_is_read_by_pyhanko(earned):
    assert same_seals.same_seal(pdf_of(earned)) is None


def test_a_file_that_was_changed_is_not_read_so(earned):
    pdf = pdf_of(earned)
    told(pdf)
    assert same_seals.same_seal(pdf)
    for at in range(0, len(pdf), 997):
        assert same_seals.same_seal(pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]) is None, at
    for changed in (pdf + b"\n", pdf[:-1], pdf + pdf, b"\n" + pdf, pdf.replace(b"0>\n/ByteRange", b"0 >\n/ByteRange")):
        assert changed == pdf or same_seals.same_seal(changed) is None


def test_a_seal_of_another_key_is_not_taken_for_one_of_the_first(earned, by_pyhanko):
    pdf = pdf_of(earned)
    told(pdf)
    other = sealed_anew(pdf, keys.current_key(create_organisation(slug="other", name="Other").pk))
    assert same_seals.same_seal(other) is None
    assert told(other) == by_pyhanko(other) != told(pdf)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"/SigFlags 3", b"/SigFlags 3\n/XFA 1"),
        (rb"/Fields [ ", b"/Fields [ 1 0 R "),
        (rb"/FT /Sig", b"/FT /Sig\n/Kids [ 1 0 R ]"),
        (rb"/FT /Sig", b"/FT /Sig\n/FT /Tx"),
        (rb"/FT /Sig", b"/FT /Tx"),
        (rb"/FT /Sig", b"/FT /Tx\n/FT /Sig"),
        (rb"/T (Seal1)", b"/TM (Seal1)"),
        (rb"/Rect [ 0 0 0 0 ]", b"/Rect [ 0 0 9 9 ]"),
        (rb"/Rect [ 0 0 0 0 ]", b"/Rect 1 0 R"),
        (rb"/Type /Catalog", b"/Type /Catalog\n/DSS 1 0 R"),
        (rb"/Type /Catalog", b"/Type /Catalog\n/Perms << /DocMDP 1 0 R >>"),
        (rb"/Type /Catalog", b"/Type /Catalog\n/AcroForm 1 0 R"),
        (rb"/Type /Catalog", b"/Type /Catalog >>\n<<"),
        (rb"/Type /Sig", b"/Type /DocTimeStamp"),
        (rb"/Type /Sig", b"/Type /Sig\n/Reference [ ]"),
        (rb"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /adbe.pkcs7.detached"),
        (rb"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /of.their.own"),
        (rb"/Filter /Adobe.PPKLite", b"/Filter /Adobe.PPKLite\n/Contents (a)"),
        (rb"Z)", b")"),
        (rb"/M (D\0722", b"/M (D\0729"),
        (rb"/M (D\07220", b"/M (D\07220 "),
        (rb"/Reason (", rb"/Reason (\376\377\000"),
        (rb"/Reason (", rb"/Reason (\200\777"),
        (rb"/Reason (", rb"/Reason (\n"),
        (rb"/Reason (", rb"/Reason (()"),
        (rb"/Reason (", rb"/Reason () (" ),
        (b"endobj\n", b"endobj\n%\n"),
        (b"endobj\n", b"endobj\n1 0 obj\n<< >>\nendobj\n"),
        (b"/Prev ", b"/Encrypt << >> /Prev "),
        (b"/Prev ", b"/Prev 9 /Prev "),
        (b"/Prev ", b"/Prev 1"),
        (b"/Size ", b"/Size 9"),
        (b"trailer", b"0 1\n0000000000 65535 f \ntrailer"),
        (b"trailer", b"7 1\n0000000009 00000 n \ntrailer"),
        (b" 00000 n", b" 00001 n"),
    ],
)  # fmt: skip
def test_whatever_the_holder_of_the_key_seals_is_told_as_pyhanko_tells_it(earned, key, by_pyhanko, old, new):
    pdf = pdf_of(earned)
    told(pdf)
    sealed = sealed_anew(written_anew(pdf, old, new), key)
    assert told(sealed) == by_pyhanko(sealed)


@pytest.mark.parametrize("fills", [b"01", b"0", b"  ", b"G0"])
def test_what_fills_up_a_seal_is_told_as_pyhanko_tells_it(earned, key, by_pyhanko, fills):
    pdf = seal_pdf(pdf_of(earned)[: pdf_of(earned).index(b"%%EOF") + 5], key=key, time=clock.now())
    told(pdf)
    wide = written_anew(pdf, b">\n/ByteRange", b"0" * 40 + b">\n/ByteRange")
    sealed = sealed_anew(wide, key, fills=fills)
    assert told(sealed) == by_pyhanko(sealed)


def test_a_form_that_came_before_is_read_by_pyhanko(earned, key, by_pyhanko):
    """A seal in a file that has a revision between is not of that shape, nor is one over another."""
    pdf = pdf_of(earned)
    told(pdf)
    again = seal_pdf(pdf, key=key, time=clock.now())
    assert same_seals.same_seal(again) is None
    assert told(again) == by_pyhanko(again)
    with pikepdf.open(io.BytesIO(pdf)) as file:
        file.save(plain := io.BytesIO())
    assert same_seals.same_seal(plain.getvalue()) is None


@bounded
@given(data=st.data())
def test_whatever_is_damaged_and_sealed_anew_is_told_as_pyhanko_tells_it(earned, key, by_pyhanko, data):
    pdf = pdf_of(earned)
    told(pdf)
    last = pdf.rindex(b"%%EOF", 0, -10)
    first = data.draw(st.booleans())
    changed = data.draw(damaged(pdf[:last] if first else pdf[last:]))
    whole = changed + pdf[last:] if first else pdf[:last] + changed
    assert told(whole) == by_pyhanko(whole)
    try:
        sealed = sealed_anew(whole, key)
    except (ValueError, TypeError, AttributeError, OSError):
        return  # nothing is left in which a seal could be
    assert told(sealed) == by_pyhanko(sealed)


@pytest.mark.parametrize("name", sorted(path.name for path in VECTORS.glob("*.pdf")))
def test_the_vectors_are_read_alike(name, by_pyhanko):
    for sealed in sorted(VECTORS.glob("*.pdf")):
        told(sealed.read_bytes())
    pdf = (VECTORS / name).read_bytes()
    assert told(pdf) == by_pyhanko(pdf)
