"""Templates as they are sent: without the indentation that makes them readable to whoever writes them.

A list of fifty rows was a third larger with it. Lines stay lines, so that an error names the right one. No template has
text of its own in `<pre>` or `<textarea>`, where indentation would be seen.

Numbers are written for whoever reads them: 10 240 in a sentence, as the language has it, and 10240 in an attribute (an
id, a key, a width), which machines read. So a variable within a tag is one without the signs of a language.
"""

import re

from django.template import Origin
from django.template.base import tag_re
from django.template.loaders.app_directories import Loader as AppDirectories

_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
_BLOCK = re.compile(r"{%\s*(\w+)")


class Loader(AppDirectories):
    """The templates of all rooms; pages come without indentation, plain texts (mails) as they stand."""

    def get_contents(self, origin: Origin) -> str:
        """The source of a template. Raises `TemplateDoesNotExist`."""
        source: str = super().get_contents(origin)
        return with_plain_numbers(self.shorten(source)) if str(origin.name).endswith(".html") else source

    @staticmethod
    def shorten(source: str) -> str:
        """The lines without what they begin with to please whoever reads them."""
        return _INDENTATION.sub("", source)


def with_plain_numbers(source: str) -> str:
    """The source with each variable within a tag written as machines read it; sentences to translate stay as they are."""
    pieces, is_in_tag, is_sentence = tag_re.split(source), False, False
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            is_in_tag = piece.rfind("<") > piece.rfind(">") or (is_in_tag and ">" not in piece)
        elif block := _BLOCK.match(piece):
            is_sentence = block[1].startswith("blocktrans") or (
                is_sentence and not block[1].startswith("endblocktrans")
            )
        elif piece.startswith("{{") and is_in_tag and not is_sentence:
            pieces[at] = f"{piece[:-2].rstrip()}|unlocalize }}}}"
    return "".join(pieces)
