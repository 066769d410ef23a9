import pytest

from milepost.core import blobs
from milepost.core.jobs import run_all
from milepost.documents.composing import compose, preview
from milepost.documents.jobs import make_files
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document, Wording
from milepost.documents.tests.agreements import VALUES, pdf_of
from milepost.documents.wordings import TooManyWords, UnknownValue, check_words, filled_in
from tests.readers import milepost_accepts, text_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_kind_is_written_in_both_languages_as_pdf_a(organisation, lead, kind, language):
    from milepost.documents.composing import file_of

    made = compose(organisation=organisation, kind=KINDS[kind], values=VALUES, language=language, by=lead)
    run_all(queues=["files"])
    made.refresh_from_db()
    content = file_of(made)
    assert "Ladders, hands on" in text_in(content)
    assert "{" not in text_in(content)
    assert b"pdfaid" in content


def test_an_agreement_says_what_the_law_asks_for(agreement, asked):
    text = text_in(pdf_of(asked))
    parts = [
        "Aldermoor",
        "Norrviken AB",
        "Stand safely",
        "A-0001",
        "26 November 2026",
        "7 h",
        "1,200 €",
        "Attendance is signed",
        "Otto Ølund",
        "for the client",
    ]
    assert [part for part in parts if part not in text] == []


def test_an_organisation_says_it_in_its_own_words_with_further_clauses(organisation, lead):
    Wording.objects.create(
        organisation=organisation,
        kind="agreement",
        language="en",
        blocks={"price": "All included: {price}."},
        clauses=[{"title": "Parking", "text": "There is none at {place}."}],
    )
    made = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    sections = {section["heading"]: section["paragraphs"] for section in made.content["sections"]}
    assert sections["Price and payment"] == ["All included: 1,200 €."]
    assert sections["Parking"] == ["There is none at Depot 3."]


def test_words_that_name_what_does_not_exist_are_refused_with_what_there_is(visit, lead):
    with pytest.raises(UnknownValue, match=r"no value \{titel\}.*\{title\}"):
        check_words("About {titel}")
    page = visit(lead).post("/aldermoor/documents/wordings/agreement/en/", {"block-price": "{prize}"})
    assert page.status_code == 400
    assert "There is no value {prize}" in page.text
    assert not Wording.objects.exists()


def test_a_clause_s_heading_is_checked_like_its_words(visit, lead):
    address = "/aldermoor/documents/wordings/agreement/en/"
    clause = {"clause-title": "Parking", "clause-text": "None."}
    assert visit(lead).post(address, clause).status_code == 302
    assert Wording.objects.get().clauses == [{"title": "Parking", "text": "None."}]
    page = visit(lead).post(address, clause | {"clause-title": "About {titel}"})
    assert (page.status_code, "There is no value {titel}" in page.text) == (400, True)


def test_a_document_that_nobody_signs_is_sealed_by_the_organisation(organisation, lead):
    made = compose(organisation=organisation, kind=KINDS["convocation"], values=VALUES, language="en", by=lead)
    assert run_all(make_files, queues=["files"]) == 1
    made.refresh_from_db()
    assert milepost_accepts(blobs.read(organisation.uid, made.pdf), seals=1)


def test_words_that_name_a_value_over_and_over_make_no_document_of_a_thousand_pages(organisation, lead, visit):
    lead_s = visit(lead)
    address = "/aldermoor/documents/wordings/agreement/en/"
    lead_s.post(address, {"clause-title": ["All of it"] * 20, "clause-text": ["{content}" * 444] * 20})
    long = VALUES | {"content": "word " * 800}
    with pytest.raises(TooManyWords):
        compose(organisation=organisation, kind=KINDS["agreement"], values=long, language="en", by=lead)
    sent = {f"value-{name}": value for name, value in long.items()} | {"kind": "agreement", "language": "en"}
    assert "100,000 characters" in lead_s.post("/aldermoor/documents/new/", sent).text
    assert not Document.objects.exists()
    short = VALUES | {"content": "Types of ladders"}
    assert compose(organisation=organisation, kind=KINDS["programme"], values=short, language="en", by=lead).pk


@pytest.mark.parametrize("content", ["a\n" * 2_500, "漢" * 51_000])
def test_lines_and_wide_characters_count_as_what_they_take(organisation, content):
    values = VALUES | {"content": content}
    with pytest.raises(TooManyWords):
        preview(organisation=organisation, kind=KINDS["programme"], values=values, language="en")


def test_what_stands_in_the_head_counts_too(organisation):
    values = VALUES | {"place": "far away " * 12_000}
    with pytest.raises(TooManyWords):
        preview(
            organisation=organisation,
            kind=KINDS["achievement"],
            values=values | {"dates": values["place"]},
            language="en",
        )


def test_a_word_without_an_end_keeps_no_document_from_being_made(organisation):
    values = VALUES | {"content": "a" * 40_000, "reference": "b" * 40_000}
    made = preview(organisation=organisation, kind=KINDS["programme"], values=values, language="en")
    assert made.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("{person}, you are expected.", "You are expected."),
        ("{hours}. {dates}. {place}.", "8 h. Mercredi 21 octobre. En ligne."),
        ("On {dates}, {place}.", "On mercredi 21 octobre, en ligne."),
    ],
)
def test_a_sentence_begins_as_one_whatever_value_is_first_or_missing(words, said):
    assert filled_in(words, {"hours": "8 h", "dates": "mercredi 21 octobre", "place": "en ligne"}) == said
