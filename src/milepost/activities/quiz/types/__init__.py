"""Types of questions: a file each, with all that a type has to say of itself.

A type says how its answers are written (`notation`, `fits`, `read`), how it is shown without giving the answer away
(`show`, `template`), how a browser's answer is taken (`take`) and judged (`mark`, `right`), and how an answer reads in
words (`tell`). To add one, write its file here (or in an app of your own), its template `quiz/types/<name>.html`, and
register it:

    question_types.register(Ordering.name, Ordering())
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import QueryDict
from django.utils.translation import gettext as _

from milepost.activities.quiz.notation import Draft, Item, Notation
from milepost.core.canonical import fingerprint
from milepost.core.registry import Registry
from milepost.courses.markdown import render_inline

MAX_KEY = 40  # characters of an answer's key, as a browser sends it
MAX_KEYS = 100
MAX_TEXT = 500

Question = dict[str, Any]
Response = Any  # as JSON: a key, a list of keys, a text, or a mapping, by the question's type


@dataclass(frozen=True)
class Mark:
    """What a response is worth: `fraction` of the question's points, 0 to 1, and what to say about it (HTML)."""

    fraction: float
    feedback: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.fraction >= 1

    @classmethod
    def of(cls, fraction: float, *feedback: str) -> "Mark":
        """A mark with the feedback that is not empty."""
        return cls(fraction, tuple(filter(None, feedback)))


@dataclass(frozen=True)
class Showing:
    """How an attempt shows a question: with the randomness of its own seed, and whether answers are shuffled at all."""

    shuffler: random.Random
    is_shuffled: bool


@dataclass
class Written:
    """A question's source while a type reads it: its draft, and where problems are told."""

    draft: Draft
    number: int
    problem: Callable[[int, str], None]

    def items(self, notation: Notation) -> list[Item]:
        """The answers in this notation, in the order in which they are written."""
        return self.draft.items.get(notation.name, [])

    def key(self, text: str, side: str = "") -> str:
        """A name for an answer that says nothing of its place: what is sent to the browser must not give it away."""
        return fingerprint(f"{self.number}|{side}|{text}".encode())[:10]

    def keyed(self, items: Iterable[Item]) -> Iterator[tuple[str, Item]]:
        """Each answer with its key; the same answer twice is a problem."""
        seen: set[str] = set()
        for item in items:
            key = self.key(item.text)
            if key in seen:
                self.problem(item.line, _("The same answer stands here twice."))
            seen.add(key)
            yield key, item


class QuestionType(ABC):
    """One type of question. A definition is JSON; `read` makes it and every other method takes it."""

    name: ClassVar[str]
    notation: ClassVar[Notation]

    @property
    def template(self) -> str:
        """What shows the question's answers in the form; its context is what `show` returns."""
        return f"quiz/types/{self.name}.html"

    @abstractmethod
    def fits(self, draft: Draft) -> bool:
        """Whether a question with answers in this type's notation is of this type. Types are asked in their order."""

    @abstractmethod
    def read(self, written: Written) -> Question:
        """What the definition holds beside what all questions have. Tells problems through `written.problem`."""

    @abstractmethod
    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        """What the template shows: nothing in it tells what is right. `response` is what was answered so far."""

    def take(self, question: Question, data: QueryDict) -> Response:
        """The response in a form. Whatever a browser sends is bounded here."""
        return data.get(question["key"], "")[:MAX_TEXT]

    def is_whole(self, question: Question, response: Response) -> bool:
        """Whether a response that is not empty leaves nothing open; what it has so far counts all the same."""
        return True

    def complaint(self, question: Question, response: Response) -> str:
        """Why a response that is not empty can be no answer, and what to do; empty when it can."""
        return ""

    @abstractmethod
    def mark(self, question: Question, response: Response) -> Mark:
        """The mark of a response that is not empty; one that does not fit the question is worth nothing."""

    @abstractmethod
    def right(self, question: Question) -> Response:
        """A response that is fully right."""

    @abstractmethod
    def tell(self, question: Question, response: Response) -> list[str]:
        """A response that is not empty in words, as HTML lines."""


question_types: Registry[QuestionType] = Registry("type of question")


def notations() -> list[Notation]:
    """Every notation once, in the order of the types that use it."""
    return list({kind.notation.name: kind.notation for kind in question_types.all()}.values())


def feedback_of(item: Item) -> str:
    """What was written under an answer, as HTML."""
    return render_inline(" ".join(item.feedback)) if item.feedback else ""


def is_filled(response: Response, keys: Iterable[str]) -> bool:
    """Whether a response of several parts has something in each."""
    return isinstance(response, dict) and all(str(response.get(key, "")).strip() for key in keys)


def keys_in(data: QueryDict, name: str) -> list[str]:
    """A list of keys in a form."""
    return [value[:MAX_KEY] for value in data.getlist(name)[:MAX_KEYS]]
