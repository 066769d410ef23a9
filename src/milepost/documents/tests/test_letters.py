"""No text keeps a document from being made, and what people wrote in any script can be read out of it."""

import json
import random
import unicodedata
from datetime import UTC, datetime

import pypdfium2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from milepost.documents.letters import FONTS, typesettable
from milepost.documents.signature_fields import FRAMES
from milepost.documents.signatures import NoSignature, Signature
from milepost.documents.typesetting import draw, render
from tests.accessible import faults_of
from tests.readers import told_by

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)
NAMES = {
    "Latin with diacritics": "Zoë Nygård-Łuczak ḋṛ Nguyễn Thị Ánh",
    "letters and marks apart": unicodedata.normalize("NFD", "Zoë Ánh"),
    "Greek": "Ἑλένη Παπαδοπούλου",
    "Cyrillic": "Борис Ґоголь Ӝ",
    "Armenian and Georgian": "Արամ გიორგი",
    "Hebrew, from right to left": "דוד בן־גוריון",
    "Hebrew with points": "שָׁלוֹם",
    "Arabic, from right to left": "محمد العربي",
    "Persian, with joiners": "علی‌رضا",
    "Devanagari": "देवनागरी शर्मा",
    "Bengali, Tamil and Telugu": "রবীন্দ্রনাথ தமிழ் తెలుగు",
    "Sinhala and Malayalam": "සිංහල മലയാളം",
    "Thai and Lao": "สมชาย ใจดี ລາວ",
    "Khmer and Burmese": "ខ្មែរ မြန်မာ",
    "Tibetan and Mongolian": "བསྟན་འཛིན ᠮᠣᠩᠭᠣᠯ",
    "Ethiopic": "አማርኛ",
    "Chinese": "王小明 張偉 䶮",
    "Japanese": "さとう 太郎 サトウ",
    "Korean": "김철수",
    "emoji": "Ann 😀",
    "emoji that are joined": "Ann 👩‍💻 👨‍👩‍👧 👍🏽 ❤️",
    "flags": "🇫🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "symbols": "✓ → ★ ♫ €",
}


def signed(text: str) -> bytes:
    """A signature with the text as its name, and as the first line beside it."""
    data = {"width": 480.0, "height": 110.0, "svg": "", "text": text, "lines": [text], "style": "italic"}
    return draw("signature", data | {"language": "en", "alt": text}, time=NOW)


def page_of(signatories: list[str]) -> bytes:
    page = {"title": "Every", "organisation": "–", "language": "en", "colour": "#000000", "signatories": signatories}
    page |= {"frames": FRAMES, "signatures_heading": "–", "signatures_note": "–"}
    return render("signature-page", page, time=NOW)


def read_from(pdf: bytes) -> str:
    """What a reader copies out of it: letters as they are known, without the spaces that lines bring."""
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]
    return "".join("".join(pages).split())


def letters_of(text: str) -> set[str]:
    """Its letters as they are known by themselves; what is never seen is none."""
    return {c for c in unicodedata.normalize("NFKD", text) if not c.isspace() and unicodedata.category(c) != "Cf"}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_in_any_script_is_in_the_document(name):
    assert letters_of(read_from(signed(name))) >= letters_of(name) - {"\ufe0f"}
    assert "\ufffd" not in typesettable(name)


def test_the_document_stays_a_tagged_pdf_a_whose_fonts_are_all_in_it():
    pdf = page_of([" ".join(NAMES.values())])
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in told_by("pdfinfo -meta", pdf)
    assert faults_of(pdf) == []
    fonts = [line.split() for line in told_by("pdffonts", pdf).splitlines()[2:]]
    assert len(fonts) > 15
    assert all(line[-5:-2] == ["yes", "yes", "yes"] for line in fonts)  # embedded, as a part, with its meaning


@pytest.mark.parametrize(
    ("written", "set_as"),
    [
        ("a\ue000b", "a\ufffdb"),  # private use
        ("a\u0378\U000e0fffb", "a\ufffd\ufffdb"),  # unassigned
        ("a\uffff\ufdd0b", "a\ufffd\ufffdb"),  # never to be assigned
        ("\ud83d", "\ufffd"),  # half of a pair
        ("𠮷田", "\ufffd田"),  # a letter that none of the fonts has
        ("क\u0301", "क\ufffd"),  # a mark that the font of its letter lacks
        ("𝓐𝓷𝓷 ﬁ Ａ", "Ann ﬁ Ａ"),  # dressed-up letters
        ("a\x00\x01\x1b\x7f\x9fb", "ab"),  # controls
        ("a\u202e\u2066b\u2069\u202c\ufeff", "ab"),  # what turns the direction, and marks the order of bytes
        ("a\u2028b\x0bc", "a\nb\nc"),  # ends of lines
        ("\u0301x", "\u0301x"),  # a mark alone
        ("a\u200b\u200db", "a\u200b\u200db"),  # without a width
    ],
)
def test_what_no_font_has_is_seen_to_be_missing_and_what_nobody_sees_is_left_out(written, set_as):
    assert typesettable(written) == set_as
    signed(written)


def test_texts_are_made_typesettable_however_deep_they_stand_and_numbers_stay():
    data = {"a": ["x\x01", {"b": ("王", 3, None, 1.5)}], "c": True}
    assert typesettable(data) == {"a": ["x", {"b": ["王", 3, None, 1.5]}], "c": True}


def test_what_is_typesettable_stays_as_it_is_the_second_time():
    for name in NAMES.values():
        assert typesettable(typesettable(name)) == typesettable(name)


EVERY = [
    character
    for font in json.loads((FONTS / "coverage.json").read_text())
    for first, last in font["ranges"]
    for character in map(chr, range(first, last + 1))
]


def test_every_character_that_the_fonts_are_said_to_have_can_be_set():
    characters = sorted({*EVERY, *map(chr, range(0xA0, 0x180))})
    assert len(characters) > 50_000
    parts = ["".join(characters[at : at + 1_000]) for at in range(0, len(characters), 1_000)]
    assert page_of(parts).startswith(b"%PDF")


# Letters and marks of all scripts together, as nobody writes them: that is where one font can't draw what belongs together.
MIXED = st.text(
    st.sampled_from(random.Random(4).sample(EVERY, 4_000) + list("\u200d\u200c\ufe0f\u0301\u093e🏽\U000e0067"))
)


@settings(max_examples=150)
@given(st.one_of(st.text(st.characters()), st.text(st.characters(codec=None)), MIXED))
@example("\u200d")
@example("\ufe0f\u0301")
def test_no_text_whatever_keeps_a_document_from_being_made(text):
    assert signed(text).startswith(b"%PDF")


@pytest.mark.parametrize(
    "text",
    ["க்" * 150, "क्\u200dष" * 150, "കൊ" + "ൊ" * 119, "ক" + "ি" * 300, "a" + "\u0301" * 300],
    ids=["letters in one", "with joiners", "marks of two parts", "marks", "accents"],
)
def test_letters_and_marks_without_an_end_are_set_with_one(text):
    """What shapes them counts to 127, and its panic is no exception: it ended the thread that set a name or a reason."""
    assert letters_of(read_from(signed(text))) >= letters_of(text)
    assert typesettable(typesettable(text)) == typesettable(text)


def test_a_panic_of_what_sets_a_document_is_told_as_an_error(monkeypatch):
    monkeypatch.setattr("milepost.documents.typesetting.typesettable", lambda data: data)
    with pytest.raises(RuntimeError, match="Typst can’t set this"):
        signed("க்" * 150)


@pytest.mark.parametrize("name", [*NAMES.values()][:-2], ids=[*NAMES][:-2])
def test_a_name_in_any_script_can_be_typed_as_a_signature(name):
    assert Signature.read(json.dumps({"text": name})).text == " ".join(name.split())


@pytest.mark.parametrize("name", ["Ann\x01", "Ann\u202e", "Ann\ue000", "Ann\ufeff", "\u200d", "😀", "Ann\u0000"])
def test_what_is_no_name_is_not_taken_for_one(name):
    with pytest.raises(NoSignature):
        Signature.read(json.dumps({"text": name}))
