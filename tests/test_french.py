"""French as French people write it: what holds of every catalogue, whoever translates next."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent / "src/milepost"
CATALOGUES = sorted(ROOT.glob("**/locale/fr/LC_MESSAGES/django.po"))
# What somebody typed may begin with any letter, and these words lose their own before a vowel: d’Anna, qu’Anna, l’accueil. (A word
# that never does stands there instead, or a colon: “Signature : Anna”.)
TYPED = "name|actor|person|people|who|whom|by|to|title|object|organisation|client|instead|instead_of|thing|course|member|trainer|course_title"
ELIDES = re.compile(
    rf"(?<![’\w])(?:de|que|le|la|je|me|te|se|ne|ce|jusque|lorsque|puisque|quoique)[ \xa0]%\((?:{TYPED})\)s",
    re.IGNORECASE,
)
STRAIGHT = re.compile(r"\b(?:[cdjlmnst]|qu)'(?=[a-zàâéèêîôûœ%])", re.IGNORECASE)


def translations(catalogue):
    """Each translation of a catalogue as it is read, plural forms apart."""
    for found in re.finditer(r'^msgstr(?:\[\d\])? ((?:".*"\n)+)', catalogue.read_text(encoding="utf-8"), re.MULTILINE):
        yield "".join(line[1:-1] for line in found[1].splitlines())


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.relative_to(ROOT).parts[0])
def test_no_word_that_would_be_elided_stands_before_what_somebody_typed_and_apostrophes_are_curved(catalogue):
    wrong = [text for text in translations(catalogue) if ELIDES.search(text) or STRAIGHT.search(text)]
    assert wrong == []


def test_no_two_rooms_say_the_same_words_otherwise_since_only_one_of_them_is_heard():
    said = {}
    for catalogue in CATALOGUES:
        for message in read_po(catalogue.open("rb")):
            if message.id:
                said.setdefault((message.context, str(message.id)), {}).setdefault(
                    str(message.string), catalogue.parts[-5]
                )
    assert [(key, told) for key, told in said.items() if len(told) > 1] == []
