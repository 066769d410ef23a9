"""What pages of trainers and of those who manage sessions show and take of signatures that are in doubt."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.classroom.deciding import Decision, decide
from milepost.classroom.doubts import decision_words, told
from milepost.classroom.forms import read_decision
from milepost.classroom.models import Attendance, Slot
from milepost.core.queries import uuid_of
from milepost.core.refusals import as_message
from milepost.journal.recording import Reference


def doubts_context(rows: Iterable[Attendance]) -> dict[str, Any]:
    """`doubts`: the sentences of each row by its key; `decisions`: what was decided; `in_doubt`: the rows that wait for it."""
    rows = list(rows)
    return {
        "doubts": told(rows),
        "decisions": {row.pk: decision_words(row) for row in rows if row.judged_at},
        "in_doubt": [row for row in rows if row.is_in_doubt],
    }


def take_decision(request: HttpRequest, slot: Slot, *, by: Reference) -> UUID | None:
    """Decide as the form asks, and say what became of it on the page that comes next; return about whom, if it is one person."""
    asked = [who.partition(":")[0] for who in request.POST.getlist("who")]
    with as_message(request):
        decision = read_decision(request.POST)
        count = decide(slot=slot, **decision, by=by)
        messages.success(request, _decided_words(slot, decision["seen"], decision["decision"], count))
    return uuid_of({"who": asked[0]}, "who") if len(asked) == 1 else None


def _decided_words(slot: Slot, seen: Collection[str], decision: Decision, count: int) -> str:
    if not count:
        return _("That was decided already.")
    if count > 1:
        return ngettext("Noted for %(count)d person.", "Noted for %(count)d people.", count) % {"count": count}
    words = {
        "there": _("Noted: %(name)s was there."),
        "not-there": _("Noted: %(name)s was not there."),
        "undecided": _("Taken back: whether %(name)s was there is to be decided again."),
    }[decision]
    row = slot.attendances.select_related("participant__member").get(participant__uid=next(iter(seen)))
    return words % {"name": row.participant.member.full_name}
