"""Activity kinds: the registry that each folder under `activities/` puts itself into."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise

from milepost.courses.frontmatter import SourceFile
from milepost.courses.markdown import MediaFinder, render


@dataclass
class ActivityFile:
    """An activity's source with what a kind needs to read it.

    `media` finds a file of the course by a path written in this one; `text_of` reads one as UTF-8 text.
    """

    source: SourceFile
    media: MediaFinder
    text_of: Callable[[str], str | None]
    language: str

    def markdown(self, text: str, *, line: int) -> str:
        """`text`, which begins at `line` of the file, as safe HTML."""
        return render(text, media=self.media, report=lambda at, message: self.source.problem(line + at, message))


class Kind(ABC):
    """How one kind of activity is written. `name` is the middle of the file name: 01-why.page.md is a page."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    icon: ClassVar[str]
    is_assessment: ClassVar[bool] = False

    @abstractmethod
    def read(self, file: ActivityFile) -> dict[str, Any]:
        """The activity's definition as JSON values: all that showing and judging it needs, for ever.

        Reports what is wrong through `file.source.problem`.
        """

    def minutes(self, definition: dict[str, Any]) -> int:
        """About how long it takes, in minutes, when its file does not say."""
        return 3


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; its app calls this when it is ready."""
    _kinds[kind.name] = kind


def get(name: str) -> Kind:
    """The kind of this name. Raises `KeyError`."""
    return _kinds[name]


def names() -> list[str]:
    """The names of all kinds, sorted."""
    return sorted(_kinds)
