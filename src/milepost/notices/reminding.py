"""Telling people what is due: a link, a request, a reminder. Who it is follows from the state of rows.

    def remind_late():
        return tell_due("signature_reminder", due=late, noted="reminded_at", said=_said)

A row says in the column `noted` when it was told. It is locked before it is asked for a second time whether it is due:
whoever signed, left or was called off in the meantime is neither told nor noted.

A reminder that goes out by itself names the path from its rows to the member (`person="participant__member"`): whoever is away
for long today (`people.absences`) is not reminded, nor noted, and is once they are back. What somebody sends by hand goes to
whom they name.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Model, QuerySet

from milepost.core import clock
from milepost.notices.outbox import Said, notify_many
from milepost.people.models import Member

BATCH = 500


def tell_due[Row: Model](
    kind: str, *, due: Callable[[], QuerySet[Row]], noted: str, said: Callable[[Row, str], Said], person: str = ""
) -> int:
    """Tell everybody who is due, and note it in the same transaction; return how many are told.

    With `person`, the path from a row to its member, not those who are away today.

    `due` answers anew each time it is asked, and no longer with a row that was noted. `said` makes of a row, and of a text
    that is another at each telling, what is said to whom.
    """
    if person:
        due = _sparing(due, person)
    count = 0
    while keys := list(due().order_by("pk").values_list("pk", flat=True)[:BATCH]):
        now = clock.now()
        with transaction.atomic():
            rows = _still_due(due, keys)
            due().model._default_manager.filter(pk__in=[row.pk for row in rows]).update(**{noted: now})
            notify_many(kind, (said(row, _stamp(now)) for row in rows))
        count += len(rows)
    return count


def _sparing[Row: Model](due: Callable[[], QuerySet[Row]], person: str) -> Callable[[], QuerySet[Row]]:
    return lambda: due().exclude(**{f"{person}__in": Member.objects.absent_today().order_by().values("pk")})


def _still_due[Row: Model](due: Callable[[], QuerySet[Row]], keys: list[int]) -> list[Row]:
    """The rows of these keys that are due now that nobody else can change them."""
    locked = due().model._default_manager.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    list(locked.values_list("pk", flat=True))
    return list(due().filter(pk__in=keys).order_by("pk"))


def _stamp(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S.%f}"
