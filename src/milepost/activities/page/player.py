"""Playing a page: read, and go on."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase

from milepost.learning.players import Handler, Play, Player
from milepost.learning.progressing import complete_activity
from milepost.learning.reading_time import caveat_of_reading


class PagePlayer(Player):
    """How a page is played."""

    kind = "page"
    template = "page/play.html"
    is_read = True

    def context(self, play: Play) -> dict[str, Any]:
        return {"html": play.html(play.definition["html"])}

    def resources(self) -> Mapping[str, Handler]:
        return {"completion": _complete}


def _complete(play: Play) -> HttpResponseBase:
    if not play.was_shown:
        return play.shown_first()
    play.enrolment = complete_activity(
        enrolment=play.enrolment, activity=play.activity, caveat=caveat_of_reading(play.enrolment, play.progress)
    )
    return play.onwards()
