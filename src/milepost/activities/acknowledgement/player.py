"""Playing an acknowledgement: read, tick, confirm; the exact words go into the journal."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.learning.players import Handler, Play, Player
from milepost.learning.progressing import complete_activity
from milepost.learning.reading_time import caveat_of_reading


class AcknowledgementPlayer(Player):
    """How an acknowledgement is played."""

    kind = "acknowledgement"
    template = "acknowledgement/play.html"
    is_read = True

    def context(self, play: Play) -> dict[str, Any]:
        return {"html": play.html(play.definition["html"])}

    def resources(self) -> Mapping[str, Handler]:
        return {"completion": _acknowledge}


def _acknowledge(play: Play) -> HttpResponseBase:
    if play.progress.is_complete:
        return play.onwards()
    if not play.was_shown:
        return play.shown_first()
    if "confirmed" not in play.request.POST:
        messages.error(play.request, _("Tick the box under the text first: it says what you confirm."))
        return play.again()
    statement, text = play.definition["statement"], play.definition["text"]
    play.enrolment = complete_activity(
        enrolment=play.enrolment,
        activity=play.activity,
        result={"statement": statement, "text": text, "text_sha256": fingerprint(text.encode())},
        state={"statement": statement, "at": clock.now().isoformat()},
        caveat=caveat_of_reading(play.enrolment, play.progress),
    )
    return play.onwards()
