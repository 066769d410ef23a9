"""How a live step of a course is written: `02-drill.live.md`, with what to expect as the body."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from milepost.courses.kinds import ActivityFile, Kind
from milepost.journal.vocabulary import COUNT, UID, Fields


class LiveKind(Kind):
    """A live session as a step of a course."""

    name = "live"
    is_live = True
    label = gettext_lazy("Live session")
    icon = "people"
    work: ClassVar[Fields] = {"session": UID, "minutes": COUNT}

    def read(self, file: ActivityFile) -> dict[str, Any]:
        """`{"html": what to expect, "attendance": the least share of the minutes, in per cent}`."""
        source = file.source
        return {
            "html": file.markdown(source.body, line=source.body_line) if source.body.strip() else "",
            "attendance": source.number("attendance", 100, low=1, high=100),
        }

    def minutes(self, definition: dict[str, Any]) -> int:
        return 180
