"""Templates as they are sent: without the indentation that makes them readable to whoever writes them.

A list of fifty rows was a third larger with it. Lines stay lines, so that an error names the right one; nothing within
a line changes. No template has text of its own in `<pre>` or `<textarea>`, where indentation would be seen.
"""

import re

from django.template import Origin
from django.template.loaders.app_directories import Loader as AppDirectories

_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class Loader(AppDirectories):
    """The templates of all rooms; pages come without indentation, plain texts (mails) as they stand."""

    def get_contents(self, origin: Origin) -> str:
        """The source of a template. Raises `TemplateDoesNotExist`."""
        source: str = super().get_contents(origin)
        return self.shorten(source) if str(origin.name).endswith(".html") else source

    @staticmethod
    def shorten(source: str) -> str:
        """The lines without what they begin with to please whoever reads them."""
        return _INDENTATION.sub("", source)
