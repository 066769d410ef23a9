"""The list of a half-day as pages of trainers and of those who manage sessions show it: a part of it, a page at a time.

What is done about somebody leads back to their row, by its fragment, which takes the keyboard without a script. Where it is in the
part no more, such as one that was to be decided, to the one after it. A note that is refused is shown in its row once more, as typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.messages import get_messages
from django.core.paginator import Page
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from milepost.classroom.models import Attendance, Slot, is_in_doubt, is_settled
from milepost.classroom.queries import attendances, called
from milepost.core.paging import page_of
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused
from milepost.people.models import Member

ROWS = 100  # on one page
START = "attendances"  # where the list begins, as a fragment


@dataclass(frozen=True)
class Part:
    """Some of the attendances of a half-day; one of `doubts` is for those who decide."""

    label: str | Promise
    among: Q
    is_of_doubts: bool = False


TO_DECIDE = "to-decide"
PARTS: Mapping[str, Part] = {
    "": Part(gettext_lazy("Everybody"), Q()),
    TO_DECIDE: Part(gettext_lazy("To decide"), is_in_doubt(), is_of_doubts=True),
    "decided": Part(pgettext_lazy("signatures", "Decided"), Q(judged_at__isnull=False), is_of_doubts=True),
    "missing": Part(gettext_lazy("Not signed"), ~is_settled()),
    "absent": Part(pgettext_lazy("people", "Absent"), Q(absent_at__isnull=False)),
    "attested": Part(gettext_lazy("Present, without a signature"), Q(attested_at__isnull=False)),
}


@dataclass(frozen=True)
class RefusedNote:
    """What somebody typed about one attendance, and why it was not noted."""

    typed: QueryDict
    refused: Refused

    @property
    def who(self) -> str:
        """The participant's uid."""
        return str(uuid_of(self.typed, "who"))

    def context(self, row: int) -> dict[str, Any]:
        """For the row with this key: what was typed, and at which input what is wrong."""
        return {"typed": {row: self.typed}, "complaints": {f"{self.refused.field}-{row}": str(self.refused)}}


class AttendanceList:
    """What `query` asks for of the attendances of the slot, or of those of `members`: by name, a part, a page."""

    def __init__(
        self, slot: Slot, query: QueryDict, *, members: "QuerySet[Member] | None" = None, decides: bool = True
    ) -> None:
        self.slot, self.members = slot, members
        self.text = " ".join(text_of(query, "q").split())
        self.parts = {name: part for name, part in PARTS.items() if decides or not part.is_of_doubts}
        self.show = query.get("show", "") if query.get("show", "") in self.parts else ""
        self._number = text_of(query, "page", limit=10)

    @property
    def rows(self) -> "QuerySet[Attendance]":
        """By name."""
        rows = attendances(self.slot, self.members).filter(self.parts[self.show].among)
        return called(rows, self.text) if self.text else rows

    def context(self, request: HttpRequest, *, size: int = 0, note: RefusedNote | None = None) -> dict[str, Any]:
        """What templates show of it. Messages about what was done stand at the row, or the start, to which it led back."""
        page, asked = self.page(request, size=size), note.who if note else request.GET.get("at")
        at = START if asked == START else next((row.pk for row in page if str(row.participant.uid) == asked), None)
        if note and not (isinstance(at, int) and note.refused.field):
            messages.error(request, str(note.refused))
        said = {"at": at, "said": list(get_messages(request)), "messages": []} if at else {}
        noted = note.context(at) if note and isinstance(at, int) else {"typed": {}}
        return {"shown": self, "page": page} | said | noted

    def page(self, request: HttpRequest, *, size: int = 0) -> Page[Attendance]:
        page = page_of(request, self.rows, size=size or ROWS)
        page.query = self.query  # type: ignore[attr-defined]
        return page

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many there are in each part, whatever their names."""
        numbers = {name or "everybody": Count("pk", filter=part.among) for name, part in self.parts.items()}
        return attendances(self.slot, self.members).order_by().aggregate(**numbers)

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """The parts in which somebody is, and the one that is shown."""
        numbered = [(name, part, self.counts[name or "everybody"]) for name, part in self.parts.items()]
        return [
            {"name": name, "label": part.label, "count": count, "is_here": name == self.show}
            for name, part, count in numbered
            if count or name == self.show
        ]

    @property
    def query(self) -> str:
        """What is asked for, but for the page."""
        return self._encoded(q=self.text, show=self.show)

    @property
    def here(self) -> str:
        """What is asked for, with the page: what a form of a row sends along to come back."""
        return self._encoded(q=self.text, show=self.show, page=self._number)

    @staticmethod
    def _encoded(**asked: str) -> str:
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in asked.items() if value})
        return query.urlencode()

    # --- The way back -------------------------------------------------------------------------------------

    def back_to(self, address: str, who: UUID | None) -> HttpResponseRedirect:
        """To the row of the participant, or the one that is where it was; to the start of the list where there is none."""
        done = attendances(self.slot, self.members).filter(participant__uid=who).first() if who else None
        row = self._nearest(done) if done else None
        if row is None:
            start = self._encoded(q=self.text, show=self.show, page=self._number, at=START)
            return HttpResponseRedirect(f"{address}?{start}#{START}")
        number = self.rows.filter(_is_before(row)).count() // ROWS + 1
        page = str(number) if number > 1 else ""
        at = self._encoded(q=self.text, show=self.show, page=page, at=str(row.participant.uid))
        return HttpResponseRedirect(f"{address}?{at}#{anchor_of(row)}")

    def _nearest(self, done: Attendance) -> Attendance | None:
        """It, or the next one, or the last."""
        rows = self.rows
        return rows.exclude(_is_before(done)).first() or rows.last()


def anchor_of(row: Attendance) -> str:
    """The fragment of a row."""
    return f"at-{row.participant.uid}"


def _is_before(row: Attendance) -> Q:
    """Those before it, by name."""
    member = row.participant.member
    of = "participant__member__"
    same_family = Q(**{f"{of}family_name": member.family_name})
    same_name = same_family & Q(**{f"{of}given_name": member.given_name})
    return (
        Q(**{f"{of}family_name__lt": member.family_name})
        | (same_family & Q(**{f"{of}given_name__lt": member.given_name}))
        | (same_name & Q(pk__lt=row.pk))
    )
