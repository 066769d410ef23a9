"""What is typeset can be read by everybody: PDF/UA-1 beside PDF/A-3a, as far as a machine can check it, also once it is sealed."""

import io

import pikepdf
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from milepost.documents.sealing import seal_pdf
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import a_pdf, act, pdf_of, people_of
from milepost.documents.tests.test_documents import DATA, NOW
from milepost.documents.typesetting import render
from milepost.journal import keys
from tests.accessible import elements_of, faults_of, role_of
from tests.readers import milepost_accepts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("elsewhere")]


def test_a_certificate_can_be_read_by_everybody():
    assert faults_of(render("certificate", DATA, time=NOW)) == []


def test_what_is_wrong_is_found():
    """Else an empty list of faults would say nothing."""
    found = {fault.split()[0] for fault in faults_of(a_pdf())}
    assert found == {"06-001", "06-002", "06-003", "07-002", "11-006", "01-005"}
    whole = pikepdf.open(io.BytesIO(seal_pdf(render("certificate", DATA, time=NOW), key=keys.current_key(7), time=NOW)))
    [element] = [each for each, _parents in elements_of(whole) if role_of(each, {}) == "Figure"]
    del element.Alt
    del whole.Root.AcroForm.Fields[0].TU
    del whole.pages[0].Tabs
    whole.pages[0].contents_add(b"BT /F1 9 Tf (x) Tj ET")
    saved = io.BytesIO()
    whole.save(saved)
    found = {fault.split()[0] for fault in faults_of(saved.getvalue())}
    assert found == {"13-004", "28-005", "28-008", "01-005"}


def test_a_seal_is_told_in_the_structure_and_a_second_one_changes_nothing_of_it():
    key = keys.current_key(7)
    sealed = seal_pdf(render("certificate", DATA | {"language": "fr"}, time=NOW), key=key, time=NOW)
    assert faults_of(sealed) == []
    assert told_forms(sealed) == [f"Cachet électronique\N{NO-BREAK SPACE}: {key.organisation_name}"]
    twice = seal_pdf(sealed, key=key, time=NOW)
    assert faults_of(twice) == []
    assert told_forms(twice) == told_forms(sealed)
    assert milepost_accepts(twice, seals=2)


def told_forms(pdf):
    """What is said of the fields in the structure, in its order."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return [str(element.Alt) for element, _parents in elements_of(file) if role_of(element, {}) == "Form"]


def test_the_fields_of_those_who_sign_are_told_in_words_and_stay_told_once_they_signed(asked):
    for who in people_of(asked):
        sign(signatory=who, act=act())
        assert faults_of(pdf_of(asked)) == []
    assert told_forms(pdf_of(asked)) == ["Signature: for the training organisation", "Signature: for the client"]


def test_the_signature_names_the_person_who_signs_and_says_that_the_organisation_sealed_it(asked):
    for who in people_of(asked):
        sign(signatory=who, act=act())
    first, second = (each.sig_object for each in PdfFileReader(io.BytesIO(pdf_of(asked))).embedded_regular_signatures)
    assert (first["/Name"], second["/Name"]) == ("Claire Fontaine", "Łucja Öberg")
    assert second["/ContactInfo"] == "lucja@norrviken.example"
    assert second["/Reason"] == (
        "Łucja Öberg: I have read “Ladders, hands on” and sign it, for the client. "
        "Simple electronic signature, sealed by Aldermoor."
    )


@pytest.mark.parametrize("title", ["", " ", "\u200b", "\u200d", "\ufe0f", "\u0301", "\xad", "\u200e", "\u034f", "\x01"])
def test_a_title_of_which_nothing_is_seen_keeps_no_document_from_being_made(title):
    assert faults_of(render("certificate", DATA | {"title": title, "heading": title}, time=NOW)) == []
