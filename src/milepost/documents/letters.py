"""What can be typeset of a text: every text that goes into a document passes here, whoever wrote it and wherever it came from.

A PDF/A may hold no letter that its fonts can't draw (ISO 19005-3, 6.2.11), and no character without a meaning of its own: one
such in a name, and the document could not be made at all. So what no font has is replaced by what stands for it, and
what nobody can see is left out. What was typed stays as it is in the journal and its fingerprints.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "typst/fonts"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MOST_IN_ONE = 30  # characters that are drawn as one
_VIRAMA = 9  # the class of marks (Unicode, section 4.3) after which a letter goes into the next

# What Typst's own font has, which is nearly every text: it goes by unseen.
_PLAIN = re.compile(r"[\t\n -~\xa0-\u017f\N{EN DASH}\N{EM DASH}‘’“”„«»…•€✓]*")
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Not seen, and yet they change how their neighbours look: joiners, marks of direction, variants, the letters of a flag.
_SILENT = re.compile(f"[{_JOINERS}\u200e\u200f\u034f\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef]")
_EXTENDS = re.compile("[\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}-\N{EMOJI MODIFIER FITZPATRICK TYPE-6}\uff9e\uff9f]")
_BREAKS = {"\t": "\t", "\n": "\n", "\v": "\n", "\f": "\n", "\u2028": "\n", "\u2029": "\n"}


def typesettable(data: Any) -> Any:
    """The data with each text in it, however deep, as it can be set; numbers and names of fields stay as they are."""
    if isinstance(data, str):
        return data if _PLAIN.fullmatch(data) else "".join(_with_ends(map(_as_set, _clusters(_drawn(data)))))
    if isinstance(data, dict):
        return {name: typesettable(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [typesettable(value) for value in data]
    return data


def _drawn(text: str) -> str:
    """The text of characters that a font has, and of silent ones; composed, as fonts have them (Unicode, form C)."""
    return unicodedata.normalize("NFC", "".join(_known(character) for character in unicodedata.normalize("NFC", text)))


def _known(character: str) -> str:
    if character in _BREAKS:
        return _BREAKS[character]
    if _SILENT.match(character) or _fonts_with(character):
        return character
    if unicodedata.category(character) in ("Cc", "Cf"):
        return ""  # controls, and what turns the direction of what follows
    plain = unicodedata.normalize("NFKC", character)  # “𝓐” and “Ａ” are written “A”
    return plain if plain != character and all(map(_fonts_with, plain)) else REPLACEMENT


def _clusters(text: str) -> Iterator[str]:
    """What is drawn as one: a letter with its marks, an emoji with what it is joined to (after Unicode Annex 29)."""
    cluster = ""
    for character in text:
        if cluster and not (_is_extending(character) or cluster[-1] == "\N{ZERO WIDTH JOINER}"):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _is_extending(character: str) -> bool:
    is_mark = unicodedata.category(character) in ("Mn", "Mc", "Me")
    return is_mark or bool(_SILENT.match(character) or _EXTENDS.match(character))


def _as_set(cluster: str) -> str:
    """The cluster, of which one font draws all that is seen; a mark that its letter's font lacks is replaced."""
    fonts, made = -1, ""
    for character in cluster:
        if _SILENT.match(character) or character in _BREAKS:
            made += character
            continue
        both = fonts & _fonts_with(character)
        made += character if both else REPLACEMENT
        fonts = both or _fonts_with(REPLACEMENT)
    return made


def _with_ends(clusters: Iterable[str]) -> Iterator[str]:
    """The clusters, with a space where marks on one letter, or letters that are written into one another, have no end.

    What shapes Indic scripts counts the parts of a syllable to 127 and panics. Thirty are more than any language has (Unicode Annex
    15, section 13); those are characters, of which some are drawn in two or three parts.
    """
    length, goes_on = 0, False
    for cluster in clusters:
        for part in _parts_of(cluster):
            length = len(part) + (length if goes_on and part[0] != " " else 0)
            if length > MOST_IN_ONE and part[0] != " ":
                yield " "
                length = len(part)
            yield part
            goes_on = any(unicodedata.combining(character) == _VIRAMA for character in part)


def _parts_of(cluster: str) -> Iterator[str]:
    """The cluster, or as much of it as is drawn as one, and the rest on spaces, which are no part of that."""
    first = MOST_IN_ONE + cluster.startswith(" ")
    yield cluster[:first]
    for at in range(first, len(cluster), MOST_IN_ONE):
        yield f" {cluster[at : at + MOST_IN_ONE]}"


@lru_cache(maxsize=8192)
def _fonts_with(character: str) -> int:
    """Which fonts have the character, a bit for each; 0 for what none has, or what has no meaning that others know."""
    if unicodedata.category(character) in ("Co", "Cn", "Cs", "Cc") or character in _NEVER:
        return 0
    starts, fonts = _coverage()
    return fonts[bisect_right(starts, ord(character)) - 1]


# What turns around what follows it, marks the order of bytes, or annotates: never part of a name.
_NEVER = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC), 0xFEFF, 0xFFFC)))


@lru_cache(maxsize=1)
def _coverage() -> tuple[list[int], list[int]]:
    """Where in Unicode the set of fonts changes, and which these are from there on."""
    changes: dict[int, int] = {0: 0}
    for at, font in enumerate(json.loads((FONTS / "coverage.json").read_text())):
        for first, last in font["ranges"]:
            changes[first] = changes.get(first, 0) ^ 1 << at
            changes[last + 1] = changes.get(last + 1, 0) ^ 1 << at
    starts, fonts, now = sorted(changes), [], 0
    for start in starts:
        now ^= changes[start]
        fonts.append(now)
    return starts, fonts
