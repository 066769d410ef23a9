"""What a name may hold: names are said in mails to strangers, where whoever types one would make them read a text or press a link;
and two that look the same are the same, so that nothing stands in a name that nobody sees.
"""

import re
import unicodedata

from django.utils.translation import gettext as _

from milepost.core.refusals import Refused

# An address of mail or of a page, as programs that show mail find it: an @, a scheme or path, or words with a dot and no space
# between. One letter before the dot is an initial (J.Smith).
_ADDRESS = re.compile(r"@|/|\\|:|\bwww\.|\w{2,}\.\w{2,}", re.IGNORECASE)

# Zero-width (non-)joiners are letters to whoever writes Persian or Hindi, and hold an emoji together.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Letters, marks and signs by their category, and blank.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


def holds_unseen(text: str) -> bool:
    """Whether a character of it can’t be seen: it has no width, turns the direction of what follows, is blank, or is none."""
    return not all(map(_is_seen, text))


def as_seen(text: str) -> str:
    """The text as it is seen: without such characters, and with one space between words, whatever stood there."""
    words = " ".join(text.split())
    if words.isascii() and words.isprintable():
        return words
    return " ".join("".join(filter(_is_seen, words)).split())


def _is_seen(character: str) -> bool:
    return character in _JOINERS or (character.isprintable() and character not in _BLANK)


def holds_address(name: str) -> bool:
    """Whether there is an address of mail or of a page in the name, in whatever form of its characters (NFKC)."""
    return bool(_ADDRESS.search(unicodedata.normalize("NFKC", name)))


class NoName(Refused):
    """What was given as somebody's name holds an address; the message says which."""

    status = 422


def refuse_address(*names: str, field: str = "") -> None:
    """Raise `NoName` for the first of these names in which there is an address."""
    for name in names:
        if holds_address(name):
            words = _(
                "“%(name)s” is no name: it has an address in it. Write first and last name, with a space between them."
            )
            raise NoName(words % {"name": name[:80]}, field=field)
