"""The lines of a question: its heading, what it asks, and its answers in the notation of its type.

A question begins with a heading of level 2; `{type: multiple, points: 2}` may stand under it. A line that fits a
notation is an answer, indented lines under an answer belong to it, and `> …` is feedback: under an answer for it, under
the question for all. Which notations there are is said by the types of questions (see `types`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t]*#*$")
_ATTRIBUTES = re.compile(r"^\{(.*)\}$")


@dataclass
class Item:
    """A line that is an answer, with what was written under it. `sign` and `other` are what its notation makes of them."""

    line: int
    text: str
    sign: str = ""
    other: str = ""
    feedback: list[str] = field(default_factory=list)


@dataclass
class Draft:
    """A question while its lines are sorted; `items` are its answers by the name of their notation."""

    line: int
    title: str
    attributes: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    items: dict[str, list[Item]] = field(default_factory=dict)
    feedback: list[str] = field(default_factory=list)

    @property
    def body_line(self) -> int:
        """The line of the file on which the body begins."""
        return self.line + 1


@dataclass(frozen=True)
class Notation:
    """How answers are written. `line` has the group `text` and may have `sign`, `other` and `feedback`.

    A notation without a `line` of its own is found within the body, by `body`.
    """

    name: str
    line: re.Pattern[str] | None = None
    body: re.Pattern[str] | None = None

    def is_used_in(self, draft: Draft) -> bool:
        """Whether the question has answers in this notation."""
        if self.body is not None:
            return self.body.search("\n".join(draft.body)) is not None
        return bool(draft.items.get(self.name))

    def item(self, text: str, number: int) -> Item | None:
        """The answer on this line; None where the line is something else."""
        answer = self.line.match(text) if self.line is not None else None
        if answer is None:
            return None
        parts = {"sign": "", "other": "", "feedback": ""} | {k: v or "" for k, v in answer.groupdict().items()}
        feedback = [parts["feedback"]] if parts["feedback"] else []
        return Item(number, parts["text"].strip(), sign=parts["sign"], other=parts["other"], feedback=feedback)


def sort_lines(body: str, *, first: int, notations: Iterable[Notation]) -> tuple[str, list[Draft]]:
    """The text before the first question, and the questions. `first` is the body's first line in its file."""
    known = list(notations)
    intro: list[str] = []
    drafts: list[Draft] = []
    current: Item | None = None
    is_code = False
    for number, line in enumerate(body.splitlines(), first):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        heading = None if is_code else _HEADING.match(line)
        if heading:
            drafts.append(Draft(number, heading[1]))
            current = None
        elif not drafts:
            intro.append(line)
        elif is_code:
            drafts[-1].body.append(line)
        else:
            current = _sort_line(drafts[-1], line, number, current, known)
    return "\n".join(intro), drafts


def _sort_line(draft: Draft, line: str, number: int, current: Item | None, notations: list[Notation]) -> Item | None:
    """Put one line where it belongs; return the answer that lines under it would belong to."""
    text = line.strip()
    if not text:
        draft.body.append("")
        return current
    if current is not None and line[:1] in {" ", "\t"}:
        if text.startswith(">"):
            current.feedback.append(text.lstrip("> "))
        else:
            current.text += " " + text
        return current
    if not any(draft.body) and not draft.items and (attributes := _ATTRIBUTES.match(text)):
        draft.attributes = dict(_attribute(part) for part in attributes[1].split(","))
        draft.body.append("")
        return None
    for notation in notations:
        if item := notation.item(text, number):
            draft.items.setdefault(notation.name, []).append(item)
            return item
    if text.startswith(">"):
        draft.feedback.append(text.lstrip("> "))
    else:
        draft.body.append(line)
    return None


def _attribute(part: str) -> tuple[str, str]:
    name, _colon, value = part.partition(":")
    return name.strip(), value.strip()
