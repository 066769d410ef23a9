"""What a name may hold: names are said in mails to strangers, where whoever types one would make them read a text or press a link."""

import re
import unicodedata

from django.utils.translation import gettext as _

from milepost.core.refusals import Refused

# An address of mail or of a page, as programs that show mail find it: an @, a scheme or path, or words with a dot and no space
# between. One letter before the dot is an initial (J.Smith).
_ADDRESS = re.compile(r"@|/|\\|:|\bwww\.|\w{2,}\.\w{2,}", re.IGNORECASE)


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
