"""What an organisation says in its own words in the documents that it writes, block by block, with clauses beside them.

A name in braces that no value has is refused when the words are saved, not when a document is made.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.core.words import capital
from milepost.documents.facts import WORDING_UPDATED
from milepost.documents.kinds import VALUES, DocumentKind
from milepost.documents.models import Wording
from milepost.journal.recording import Reference, record
from milepost.people.models import Member, Organisation

_BEGIN = frozenset(("dates", "place"))
_BEFORE_SENTENCE = re.compile(r"(?:^|[.\n])\s*$")
_LEFT_OVER = re.compile(r"^[ \xa0]*,[ \xa0]*(\w)", re.MULTILINE)
_NAME = re.compile(r"\{(\w+)\}")
_WIDE = re.compile("[\u1100-\u115f\u2e80-\U0010ffff]")  # of Chinese, Japanese and Korean, and emoji
_ENDLESS = re.compile(r"\S{1000}(?=\S)")
LINE = 50  # characters that a new line counts as: each is a paragraph, which takes more than what stands in it
MAX_BLOCK = 4_000
MAX_CLAUSES = 20
MAX_DOCUMENT = (
    100_000  # characters, some forty pages: words name values as often as they like, and typesetting takes what it gets
)


class UnknownValue(Refused):
    """Words name a value that does not exist; the message says which, and which there are."""

    status = 422


class TooManyWords(Refused):
    """With its values in it a document has more words than are typeset."""

    sentence = gettext_lazy(
        "With these words and values the document is longer than 100,000 characters, some forty pages. A new line counts as fifty, a Chinese, Japanese or Korean character and an emoji as two. Shorten a value, or name it less often."
    )
    status = 422


def wording_of(organisation: Organisation, kind: DocumentKind, language: str) -> Wording:
    """The organisation's wording of the kind; an empty one where it says nothing of its own."""
    own = Wording.objects.filter(organisation=organisation, kind=kind.name, language=language).first()
    return own or Wording(organisation=organisation, kind=kind.name, language=language)


def keep_wording(
    *, wording: Wording, kind: DocumentKind, blocks: Mapping[str, str], clauses: Sequence[Mapping[str, str]], by: Member
) -> None:
    """Say it in these words from now on: documents that are there stay. Records `updated` where that changes anything.

    `blocks` and the `clauses` (`{"title", "text"}`) have been through `check_words`; an empty block says what is usual.
    """
    organisation = wording.organisation
    words = {
        "blocks": {name: words for name, words in blocks.items() if words},
        "clauses": [dict(clause) for clause in clauses[:MAX_CLAUSES]],
    }
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        kept = wording_of(organisation, kind, wording.language)
        if (kept.blocks, kept.clauses) == (words["blocks"], words["clauses"]):
            return
        Wording.objects.update_or_create(
            organisation=organisation, kind=wording.kind, language=wording.language, defaults=words
        )
        record(
            WORDING_UPDATED,
            organisation=organisation,
            actor=by.as_reference(),
            object=Reference("wording", f"{organisation.uid}/{kind.name}/{wording.language}", str(kind.label)),
            context={"kind": kind.name, "language": wording.language},
        )


def check_words(words: str) -> str:
    """The words as they are kept. Raises `UnknownValue` for a name that does not exist, or for too many words."""
    if len(words) > MAX_BLOCK:
        raise UnknownValue(_("These are more than %(count)d characters.") % {"count": MAX_BLOCK})
    unknown = sorted(set(_NAME.findall(words)) - VALUES.keys())
    if unknown:
        raise UnknownValue(
            _("There is no value {%(name)s}. There are: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(f"{{{name}}}" for name in VALUES)}
        )
    return words.strip()


def sections(kind: DocumentKind, wording: Wording, values: Mapping[str, str], language: str) -> list[dict[str, object]]:
    """The document's parts as its template lays them out: headings with paragraphs. A part without words is left out.

    Raises `TooManyWords`.
    """
    with translation.override(language):
        parts = [(str(block.heading), wording.blocks.get(block.name) or str(block.words)) for block in kind.blocks]
        parts += [(clause["title"], clause["text"]) for clause in wording.clauses]
    _refuse_endless([*parts, *(("", f"{{{name}}}") for name in kind.facts)], values)
    filled = [(filled_in(heading, values), filled_in(words, values)) for heading, words in parts]
    return [
        {
            "heading": breakable(heading),
            "paragraphs": [breakable(line.strip()) for line in words.splitlines() if line.strip()],
        }
        for heading, words in filled
        if words.strip(" .")
    ]


def _refuse_endless(parts: Sequence[tuple[str, str]], values: Mapping[str, str]) -> None:
    """Before any of it is made: of twenty clauses that name one value over and over it is fifty megabytes."""
    words = [words for part in parts for words in part]
    named = Counter(name for text in words for name in _NAME.findall(text))
    length = sum(map(_length, words)) + sum(_length(values.get(name, "")) * count for name, count in named.items())
    if length > MAX_DOCUMENT:
        raise TooManyWords


def _length(text: str) -> int:
    """How many characters the text counts as: 50,000 lines of one took 820 MB, wide characters twice what letters do."""
    lines = max(0, len(text.splitlines()) - 1)
    return len(text) + (LINE - 1) * lines + len(_WIDE.findall(text))


def breakable(text: str) -> str:
    """The text with a space in words without an end: a PDF/A can't hold one of more than 32,767 characters (ISO 19005-3, 6.1.13)."""
    return _ENDLESS.sub(r"\g<0> ", text)


def filled_in(words: str, values: Mapping[str, str]) -> str:
    """The words with each {name} replaced; what has no value leaves nothing behind, no comma before a sentence either.

    Days and places that begin a sentence have a capital letter there.
    """

    def value(name: re.Match[str]) -> str:
        found = values.get(name[1], "")
        return capital(found) if name[1] in _BEGIN and _BEFORE_SENTENCE.search(words[: name.start()]) else found

    return _LEFT_OVER.sub(lambda rest: rest[1].upper(), _NAME.sub(value, words))
