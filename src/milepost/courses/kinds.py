"""Kinds of activities: how each is written. Each folder under `activities/` registers its own:

kinds.register(QuizKind.name, QuizKind())
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise

from milepost.core.registry import Registry
from milepost.courses.frontmatter import SourceFile
from milepost.courses.markdown import MediaFinder, render
from milepost.journal.vocabulary import Fields


@dataclass
class ActivityFile:
    """An activity's source with what a kind needs to read it.

    `media` finds a file of the course by a path written in this one; `text_of` reads one as UTF-8 text (.md, .vtt).
    """

    source: SourceFile
    media: MediaFinder
    text_of: Callable[[str], str | None]
    language: str

    def markdown(self, text: str, *, line: int) -> str:
        """`text`, which begins at `line` of the file, as safe HTML."""
        return render(text, media=self.media, report=lambda at, message: self.source.problem(line + at, message))


class Kind(ABC):
    """How one kind of activity is written. `name` is the middle of the file name: 01-why.page.md is a page.

    `work` is what the fact that somebody did one says of it, beside the score: the answers of a quiz, for instance.
    """

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    icon: ClassVar[str]
    is_assessment: ClassVar[bool] = False
    is_live: ClassVar[bool] = False  # done together at its hour; its minutes are told apart from those at a distance
    work: ClassVar[Fields] = {}

    @abstractmethod
    def read(self, file: ActivityFile) -> dict[str, Any]:
        """The activity's definition as JSON values: all that showing and judging it needs, for ever.

        Reports what is wrong through `file.source.problem`.
        """

    def minutes(self, definition: dict[str, Any]) -> int:
        """About how long it takes, in minutes, when its file does not say."""
        return 3


kinds: Registry[Kind] = Registry("kind of activity")


def work_fields() -> Fields:
    """What facts may say of the work in an activity, of whichever kind it is."""
    return {f"{key}?": schema for kind in kinds.all() for key, schema in kind.work.items()}
