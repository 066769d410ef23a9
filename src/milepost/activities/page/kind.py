"""How a page is written: its title, and Markdown."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.courses.kinds import ActivityFile, Kind
from milepost.courses.markdown import plain_text

WORDS_A_MINUTE = 180


class PageKind(Kind):
    """How a page is written."""

    name = "page"
    label = gettext_lazy("Page")
    icon = "file-text"

    def read(self, file: ActivityFile) -> dict[str, Any]:
        """`{"html": …}`."""
        source = file.source
        html = file.markdown(source.body, line=source.body_line)
        if not source.body.strip():
            source.problem(source.body_line, _("The page is empty."))
        return {"html": html}

    def minutes(self, definition: dict[str, Any]) -> int:
        return max(1, round(len(plain_text(definition["html"]).split()) / WORDS_A_MINUTE))
