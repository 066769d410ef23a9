"""What an HR file would do, as a plan that can be looked at: who is new, changed, gone and back, what it asks, every problem.

It is made in `import_planning`, and done in `importing`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.core.canonical import fingerprint_of
from milepost.core.refusals import Refused
from milepost.core.tables import Table
from milepost.people.import_changes import Change, Question
from milepost.people.import_places import NewPlace
from milepost.people.models import Member, Organisation
from milepost.people.recognising import Moved

SHOWN_PROBLEMS = 2_000  # a page of half a megabyte; nobody mends more of them at once
FEW_LEAVERS, FEW_OF_A_HUNDRED = 50, 5
"""So many may leave by a file without more ado: no more than the one, and than the other in a hundred of those there are."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in the file: its row and column as the person sees them, and what to do."""

    row: int | None
    column: str
    message: str
    field: str = ""

    def __str__(self) -> str:
        where = _("Row %(row)d") % {"row": self.row} if self.row else _("The file")
        where = f"{where}, {self.column}" if self.column else where
        return _("%(where)s: %(message)s") % {"where": where, "message": self.message}


class ImportRefused(Refused):
    """The file has problems, or would do other things than those that were looked at; nothing was written."""

    sentence = gettext_lazy(
        "This file would do something else now than what you looked at. Look at it once more, and import then."
    )

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        super().__init__(str(problems[0]) if problems else "")
        self.problems = problems


class Unanswered(ImportRefused):
    """The file asks who somebody is, and nobody said it."""

    sentence = gettext_lazy("Some numbers belong to somebody else by name and address. Say first who each of them is.")


class TooManyLeave(ImportRefused):
    """More people would leave than was said, or than leave without anybody saying it."""

    def __init__(self, plan: "Plan") -> None:
        super().__init__()
        self.count, self.there = len(plan.leaving), plan.there

    def __str__(self) -> str:
        words = ngettext(
            "%(count)s person of %(there)s would leave. If that is right, type their number.",
            "%(count)s people of %(there)s would leave. If that is right, type their number.",
            self.count,
        )
        return words % {"count": number_format(self.count), "there": number_format(self.there)}


@dataclass
class Plan:
    """What an import would do."""

    organisation: Organisation
    table: Table
    mapping: dict[str, int]
    is_complete: bool
    new: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    back: list[Change] = field(default_factory=list)
    gone: list[Member] = field(default_factory=list)
    staying: list[Member] = field(default_factory=list)  # missing like those gone, but for a role that they hold
    freed: list[Change] = field(default_factory=list)  # who had a number that was given to somebody else
    moved: list[Moved] = field(default_factory=list)
    places: list[NewPlace] = field(default_factory=list)
    known: dict[str, list[str]] = field(default_factory=dict)  # the sites and departments that are there, by kind
    questions: list[Question] = field(default_factory=list)
    unchanged: int = 0
    there: int = 0  # people who had not left before
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.count

    @property
    def count(self) -> int:
        """How many people it touches, besides those whose number was given to somebody else."""
        return len(self.new) + len(self.changed) + len(self.back) + len(self.gone)

    @property
    def written(self) -> list[Change]:
        """Everybody who was there before and whose record is written."""
        return [*self.changed, *self.back, *self.freed]

    @cached_property
    def leaving(self) -> list[Member]:
        """Those who would have left by today: they are missing, or the file gives them a last day that is over."""
        leavers = (change.member for change in self.changed if "left_on" in change.fields)
        return [*self.gone, *(member for member in leavers if member.has_left)]

    @property
    def may_leave(self) -> int:
        """How many may leave without anybody saying how many."""
        return min(FEW_LEAVERS, self.there * FEW_OF_A_HUNDRED // 100)

    @property
    def asks_for_leavers(self) -> bool:
        """Whether somebody has to say how many leave."""
        return len(self.leaving) > self.may_leave

    def refuse_leavers(self, said: int | None, *, exactly: bool) -> None:
        """Raise `TooManyLeave` unless so many may leave: few, or as many as somebody said; `exactly` so many, or that at most."""
        count = len(self.leaving)
        if said is None:
            is_right = not self.asks_for_leavers
        else:
            is_right = count == said or (count < said and not exactly) or (count <= self.may_leave and exactly)
        if not is_right:
            raise TooManyLeave(self)

    @property
    def unanswered(self) -> list[Question]:
        return [question for question in self.questions if not question.answer]

    @property
    def is_possible(self) -> bool:
        return not self.problems and not self.unanswered

    @property
    def counts(self) -> Counter[str]:
        """How many are new, changed, back, gone and unchanged. Raises `ImportRefused` where there are problems or questions."""
        if self.problems:
            raise ImportRefused(self.problems)
        if self.unanswered:
            raise Unanswered
        return Counter(self._sizes | {"unchanged": self.unchanged})

    @property
    def _sizes(self) -> dict[str, int]:
        return {name: len(getattr(self, name)) for name in ("new", "changed", "back", "gone")}

    @property
    def in_words(self) -> str:
        """What it would do, as a page says it."""
        return changes_in_words(self._sizes)

    @property
    def fingerprint(self) -> str:
        """What it would do, to compare: by which columns, who is new, what changes of whom and in which row, who has left, what is
        wrong or asked.
        """
        new = [change.row for change in self.new]
        written = [[change.row, change.member.pk, sorted(change.fields)] for change in self.written]
        places = [[place.kind, place.name, place.meant] for place in self.places]
        asked = [[question.row, question.answer] for question in self.questions]
        gone = [member.pk for member in self.gone]
        columns = sorted(self.mapping.items())
        return fingerprint_of([columns, new, written, gone, places, asked, list(map(str, self.problems))])


def changes_in_words(counts: Mapping[str, int]) -> str:
    """“1 new, 2 changed, 0 gone”, with those who are back if there are any, and “3 as they were” where they are counted; each
    figure with a word of its own number.
    """
    new, changed, back, gone = counts["new"], counts["changed"], counts.get("back", 0), counts["gone"]
    words = [
        ngettext("%(count)s new", "%(count)s new", new) % {"count": number_format(new)},
        ngettext("%(count)s changed", "%(count)s changed", changed) % {"count": number_format(changed)},
    ]
    if back:
        words.append(ngettext("%(count)s back", "%(count)s back", back) % {"count": number_format(back)})
    words.append(ngettext("%(count)s gone", "%(count)s gone", gone) % {"count": number_format(gone)})
    if "unchanged" in counts:
        same = counts["unchanged"]
        words.append(
            ngettext("%(count)s as they were", "%(count)s as they were", same) % {"count": number_format(same)}
        )
    return ", ".join(words)
