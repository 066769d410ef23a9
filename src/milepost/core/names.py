"""What a name may hold: names are said in mails to strangers, where whoever types one would make them read a text or press a link."""

import re
import unicodedata

# An address of mail or of a page, as programs that show mail find it: an @, a scheme or path, or words with a dot and no space
# between. One letter before the dot is an initial (J.Smith).
_ADDRESS = re.compile(r"@|/|\\|:|\bwww\.|\w{2,}\.\w{2,}", re.IGNORECASE)


def holds_address(name: str) -> bool:
    """Whether there is an address of mail or of a page in the name, in whatever form of its characters (NFKC)."""
    return bool(_ADDRESS.search(unicodedata.normalize("NFKC", name)))
