"""Whether a typed signature is the person's name: a reason to ask, so what people do with their own names is none.

Accents, order, initials, left out and double names, titles and other ways to write the same sound pass. Between scripts (王小明 and
Wang Xiaoming) nothing is compared.
"""

import unicodedata
from difflib import SequenceMatcher

from milepost.people.models import plain

ALIKE = 0.7  # of two words that are spelt otherwise, such as Aleksandr and Alexandre
AT_LEAST = 0.6  # of the letters that were typed stand in the name


def is_unlike(typed: str, name: str) -> bool:
    """Whether most of what was typed is of another name."""
    words, own = _words(typed), _words(name)
    if not words or not own or not _scripts(words) & _scripts(own):
        return False
    if _joined(words) in (_joined(own), _joined(reversed(own))) or _are_initials(words, own):
        return False
    known = sum(len(word) for word in words if any(_is_same(word, part) for part in own))
    return known < AT_LEAST * sum(map(len, words))


def _words(text: str) -> list[str]:
    """The words in lower case without accents; what is between letters parts them."""
    letters = "".join(sign if sign.isalpha() else " " for sign in plain(text).replace("'", "").replace("’", ""))
    return letters.split()


def _scripts(words: list[str]) -> set[str]:
    """The scripts of the letters, as their Unicode names begin: LATIN, CYRILLIC, CJK."""
    return {unicodedata.name(sign, "?").partition(" ")[0] for word in words for sign in word}


def _joined(words: object) -> str:
    return "".join(words)  # type: ignore[arg-type]


def _are_initials(words: list[str], own: list[str]) -> bool:
    """“J. B.” and “JB”, but not one letter alone."""
    initials = _joined(words)
    return len(initials) >= 2 and sorted(initials) == sorted(part[0] for part in own)


def _is_same(word: str, part: str) -> bool:
    """The same word, its initial, its beginning (Alex), or another way to write it; two letters (al, de) must be the same."""
    short, long = sorted((word, part), key=len)
    if len(short) == 2:
        return short == long
    return long.startswith(short) or SequenceMatcher(None, short, long).ratio() >= ALIKE
