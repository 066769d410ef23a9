"""A training action as a value: what rooms are asked about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import batched
from typing import Any, cast
from uuid import UUID

from django.db.models import Model, QuerySet

from milepost.core import clock
from milepost.journal.recording import Reference
from milepost.people.models import Member, MemberQuerySet, Organisation

BATCH = 500  # things that one query asks for


@dataclass(frozen=True, eq=False)
class Scope:
    """A training action, or one person in it: identifiers and dates, none of evidence's rows.

    `course_id` and `session_ids` are the keys of what it is made of. With a `member` it is what the action holds of
    them: a room leaves out what names anybody else. `seats` are the keys of who takes part (`{"member_id": …}`), to be
    asked for within other queries, however many they are.
    """

    organisation: Organisation
    uid: UUID
    reference: Reference
    title: str
    language: str
    starts_on: date
    ends_on: date
    seats: "QuerySet[Any, Any]"
    minutes: int = 0  # that were agreed for each person
    course_id: int | None = None
    course_uid: UUID | None = None
    session_ids: tuple[int, ...] = ()
    member: Member | None = None
    _read: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def about(self) -> str:
        """How documents and rows of other rooms say that they belong to the action."""
        return f"action:{self.uid}"

    @property
    def members(self) -> MemberQuerySet:
        """Who takes part, by name."""
        return Member.objects.filter(pk__in=self.seats).order_by("family_name", "given_name", "pk")

    @cached_property
    def people(self) -> list[Member]:
        """Who takes part, by name, with no more than their names. Read once."""
        return list(self.members.only("pk", "uid", "given_name", "family_name"))

    @property
    def has_begun(self) -> bool:
        return self.starts_on <= self._today

    @property
    def is_over(self) -> bool:
        return self.ends_on < self._today

    @property
    def _today(self) -> date:
        return clock.today(self.organisation.time_zone)

    def people_in_batches(self) -> Iterator[list[str]]:
        """The uids of who takes part, as facts name them, at most `BATCH` at a time."""
        uids = self.members.order_by().values_list("uid", flat=True)
        for part in batched(uids.iterator(BATCH), BATCH, strict=False):
            yield [str(uid) for uid in part]

    def narrow[Row: Model](self, rows: "QuerySet[Row]", field: str = "member") -> "QuerySet[Row]":
        """The rows of the one person, if there is one, by the field that leads to them; all rows otherwise."""
        return rows.filter(**{field: self.member}) if self.member else rows

    def once[T](self, name: str, read: Callable[[], T]) -> T:
        """What `read` returns, read once however many pieces and checks ask for it under this name."""
        if name not in self._read:
            self._read[name] = read()
        return cast(T, self._read[name])
