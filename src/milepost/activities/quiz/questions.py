"""Questions as Markdown: what a question of each type is, and how its source is read.

A question begins with a heading of level 2. What follows says of which type it is:

    - [ ] / - [x]      one mark: single choice; several marks: multiple choice
    = true             true or false
    = 3.14 ± 0.01      a number with a tolerance
    = carbon dioxide   a short text (alternatives separated by |)
    1. 2. 3.           ordering, written in the right order
    - left :: right    matching
    [[word|other]]     gaps in a text

A line of `> …` under an answer is feedback for it; under the question, feedback for all. `!= value > …` gives
feedback for one wrong value.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from milepost.core.canonical import fingerprint
from milepost.courses.kinds import ActivityFile
from milepost.courses.markdown import plain_text, render_inline

_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t]*#*$")
_ATTRIBUTES = re.compile(r"^\{(.*)\}$")
_TASK = re.compile(r"^[-*+][ \t]+\[([ xX])\][ \t]+(.*)$")
_PAIR = re.compile(r"^[-*+][ \t]+(.+?)[ \t]+::[ \t]+(.+)$")
_STEP = re.compile(r"^\d+[.)][ \t]+(.+)$")
_VALUE = re.compile(r"^(!?=)[ \t]*(.+?)(?:[ \t]+>[ \t]*(.*))?$")
_GAP = re.compile(r"\[\[(.+?)\]\]")
_NUMBER = re.compile(r"^([-+]?\d+(?:[.,]\d+)?)(?:\s*(?:±|\+-|\+/-)\s*(\d+(?:[.,]\d+)?))?(?:\s+([^\d\s].*))?$")
_BOOLEANS = {"true": True, "vrai": True, "false": False, "faux": False}


@dataclass
class _Item:
    """A line that is an answer, with what was written under it."""

    line: int
    text: str
    other: str = ""
    is_marked: bool = False
    feedback: list[str] = field(default_factory=list)


@dataclass
class _Draft:
    """A question while its lines are sorted."""

    line: int
    title: str
    attributes: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    body_line: int = 0
    tasks: list[_Item] = field(default_factory=list)
    pairs: list[_Item] = field(default_factory=list)
    steps: list[_Item] = field(default_factory=list)
    values: list[_Item] = field(default_factory=list)
    wrong_values: list[_Item] = field(default_factory=list)
    feedback: list[str] = field(default_factory=list)


def read_questions(file: ActivityFile) -> tuple[str, list[dict[str, Any]]]:
    """The text before the first question as Markdown, and the questions' definitions."""
    intro, drafts = _sort_lines(file.source.body, first=file.source.body_line)
    return intro, [_Builder(file, draft, number).build() for number, draft in enumerate(drafts, 1)]


def _sort_lines(body: str, *, first: int) -> tuple[str, list[_Draft]]:
    intro: list[str] = []
    drafts: list[_Draft] = []
    current: _Item | None = None
    is_code = False
    for number, line in enumerate(body.splitlines(), first):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        heading = None if is_code else _HEADING.match(line)
        if heading:
            drafts.append(_Draft(number, heading[1], body_line=number + 1))
            current = None
        elif not drafts:
            intro.append(line)
        elif is_code:
            drafts[-1].body.append(line)
        else:
            current = _sort_line(drafts[-1], line, number, current)
    return "\n".join(intro), drafts


def _sort_line(draft: _Draft, line: str, number: int, current: _Item | None) -> _Item | None:
    """Put one line where it belongs; return the answer that lines under it would belong to."""
    stripped = line.strip()
    if current is not None and line[:1] in {" ", "\t"} and stripped:
        if stripped.startswith(">"):
            current.feedback.append(stripped.lstrip("> "))
        else:
            current.text += " " + stripped
        return current
    if not stripped:
        draft.body.append("")
        return None if current is None else current
    if not any(draft.body) and not draft.tasks and (found := _ATTRIBUTES.match(stripped)):
        draft.attributes = dict(_attribute(part) for part in found[1].split(","))
        draft.body.append("")
        return None
    for pattern, items in ((_TASK, draft.tasks), (_PAIR, draft.pairs), (_STEP, draft.steps)):
        if found := pattern.match(stripped):
            items.append(_item(pattern, found, number))
            return items[-1]
    if found := _VALUE.match(stripped):
        items = draft.values if found[1] == "=" else draft.wrong_values
        items.append(_Item(number, found[2].strip(), feedback=[found[3]] if found[3] else []))
        return items[-1]
    if stripped.startswith(">"):
        draft.feedback.append(stripped.lstrip("> "))
        return None
    draft.body.append(line)
    return None


def _attribute(part: str) -> tuple[str, str]:
    name, _colon, value = part.partition(":")
    return name.strip(), value.strip()


def _item(pattern: re.Pattern[str], found: re.Match[str], number: int) -> _Item:
    if pattern is _TASK:
        return _Item(number, found[2], is_marked=found[1] != " ")
    return _Item(number, found[1], other=found[2] if pattern is _PAIR else "")


class _Builder:
    """Makes one question's definition from its sorted lines, and reports what does not fit together."""

    def __init__(self, file: ActivityFile, draft: _Draft, number: int) -> None:
        self.file = file
        self.draft = draft
        self.number = number

    def build(self) -> dict[str, Any]:
        kind = self._type()
        question: dict[str, Any] = {
            "key": f"q{self.number}",
            "type": kind,
            "title": render_inline(self.draft.title),
            "plain_title": plain_text(render_inline(self.draft.title)),
            "points": self._points(),
            "feedback": render_inline(" ".join(self.draft.feedback)) if self.draft.feedback else "",
            "body": "" if kind == "gaps" else self._body(),
        }
        builders = {
            "single": self._choices, "multiple": self._choices, "truefalse": self._true_or_false, "number": self._a_number,
            "text": self._a_text, "ordering": self._ordering, "matching": self._matching, "gaps": self._gaps,
        }  # fmt: skip
        return question | (builders[kind]() if kind in builders else {})

    def _problem(self, line: int, message: str) -> None:
        self.file.source.problem(line, message)

    def _type(self) -> str:
        draft = self.draft
        present = [
            name
            for name, is_there in (
                ("choice", draft.tasks), ("matching", draft.pairs), ("ordering", draft.steps), ("value", draft.values),
                ("gaps", _GAP.search("\n".join(draft.body))),
            ) if is_there
        ]  # fmt: skip
        if len(present) != 1:
            self._problem(
                draft.line,
                _(
                    "The question has no answers. Write them as “- [ ] answer”, “= answer”, “1. first”, “- this :: that” or [[gap]]."
                )
                if not present
                else _("The question mixes several types of answers. Keep to one."),
            )
            return "none"
        if present == ["choice"]:
            told = draft.attributes.get("type", "")
            marked = sum(item.is_marked for item in draft.tasks)
            return "multiple" if told == "multiple" or (marked > 1 and told != "single") else "single"
        if present == ["value"]:
            text = draft.values[0].text
            if text.casefold() in _BOOLEANS:
                return "truefalse"
            return "number" if _NUMBER.match(text) and not text.startswith('"') else "text"
        return present[0]

    def _points(self) -> int:
        told = self.draft.attributes.get("points", "1")
        for name in self.draft.attributes:
            if name not in {"type", "points"}:
                self._problem(
                    self.draft.line + 1,
                    _("“%(name)s” is not known here. Use {type: multiple} or {points: 2}.") % {"name": name},
                )
        if not told.isdigit() or not 1 <= int(told) <= 100:
            self._problem(self.draft.line + 1, _("“points” must be a whole number from 1 to 100."))
            return 1
        return int(told)

    def _body(self) -> str:
        return self.file.markdown("\n".join(self.draft.body), line=self.draft.body_line)

    def _key(self, text: str, side: str = "") -> str:
        """A name for an answer that says nothing of its place: what is sent to the browser must not give it away."""
        return fingerprint(f"{self.number}|{side}|{text}".encode())[:10]

    def _keyed(self, items: list[_Item]) -> Iterator[tuple[str, _Item]]:
        seen: set[str] = set()
        for item in items:
            key = self._key(item.text)
            if key in seen:
                self._problem(item.line, _("The same answer stands here twice."))
            seen.add(key)
            yield key, item

    @staticmethod
    def _feedback(item: _Item) -> str:
        return render_inline(" ".join(item.feedback)) if item.feedback else ""

    def _choices(self) -> dict[str, Any]:
        tasks = self.draft.tasks
        if len(tasks) < 2:
            self._problem(tasks[0].line, _("There is only one answer to choose. Give at least two."))
        marked = sum(item.is_marked for item in tasks)
        if marked == 0:
            self._problem(self.draft.line, _("No answer is marked as right. Mark it with [x]."))
        if marked > 1 and self.draft.attributes.get("type") == "single":
            self._problem(
                self.draft.line, _("A single choice has one right answer; %(count)d are marked.") % {"count": marked}
            )
        return {
            "options": [
                {
                    "key": key,
                    "html": render_inline(item.text),
                    "is_right": item.is_marked,
                    "feedback": self._feedback(item),
                }
                for key, item in self._keyed(tasks)
            ]
        }

    def _true_or_false(self) -> dict[str, Any]:
        right = _BOOLEANS[self.draft.values[0].text.casefold()]
        feedback = {right: self._feedback(self.draft.values[0])}
        for item in self.draft.wrong_values:
            feedback[not right] = self._feedback(item)
        return {
            "options": [
                {"key": str(value).lower(), "html": "", "is_right": value == right, "feedback": feedback.get(value, "")}
                for value in (True, False)
            ]
        }

    def _a_number(self) -> dict[str, Any]:
        item = self.draft.values[0]
        if len(self.draft.values) > 1:
            self._problem(self.draft.values[1].line, _("A number question has one answer; give a tolerance with ±."))
        found = _NUMBER.match(item.text)
        value, tolerance, unit = found.groups() if found else ("0", None, None)
        wrong = []
        for other in self.draft.wrong_values:
            if number := _NUMBER.match(other.text):
                wrong.append({"value": number[1].replace(",", "."), "feedback": self._feedback(other)})
            else:
                self._problem(other.line, _("“%(value)s” is not a number.") % {"value": other.text})
        return {
            "answer": str(value).replace(",", "."),
            "tolerance": (tolerance or "0").replace(",", "."),
            "unit": unit or "",
            "right_feedback": self._feedback(item),
            "wrong": wrong,
        }

    def _a_text(self) -> dict[str, Any]:
        answers = [text.strip().strip('"“”') for item in self.draft.values for text in item.text.split("|")]
        return {
            "answers": [answer for answer in answers if answer],
            "right_feedback": self._feedback(self.draft.values[0]),
            "wrong": [{"value": item.text, "feedback": self._feedback(item)} for item in self.draft.wrong_values],
        }

    def _ordering(self) -> dict[str, Any]:
        if len(self.draft.steps) < 2:
            self._problem(self.draft.steps[0].line, _("There is only one step to put in order. Give at least two."))
        return {
            "items": [{"key": key, "html": render_inline(item.text)} for key, item in self._keyed(self.draft.steps)]
        }

    def _matching(self) -> dict[str, Any]:
        if len(self.draft.pairs) < 2:
            self._problem(self.draft.pairs[0].line, _("There is only one pair to match. Give at least two."))
        return {
            "pairs": [
                {
                    "key": key,
                    "left": render_inline(item.text),
                    "right_key": self._key(item.other, "right"),
                    "right": render_inline(item.other),
                }
                for key, item in self._keyed(self.draft.pairs)
            ]
        }

    def _gaps(self) -> dict[str, Any]:
        """The text cut at its gaps: HTML pieces and gaps in turn."""
        parts: list[dict[str, Any]] = []
        text = " ".join(line.strip() for line in self.draft.body if line.strip())
        for index, piece in enumerate(_GAP.split(text)):
            if index % 2:
                answers = [answer.strip() for answer in piece.split("|") if answer.strip()]
                parts.append({"key": f"g{index // 2 + 1}", "answers": answers})
            elif piece:
                parts.append({"html": render_inline(piece)})
        return {"parts": parts}
