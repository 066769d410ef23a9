"""Single choice: `- [ ] an answer`, `- [x] the right one`."""

import re
from typing import Any

from django.utils.translation import gettext as _

from milepost.activities.quiz.notation import Draft, Notation
from milepost.activities.quiz.types import Mark, Question, QuestionType, Response, Showing, Written, feedback_of
from milepost.courses.markdown import render_inline

TASKS = Notation("tasks", re.compile(r"^[-*+][ \t]+\[(?P<sign>[ xX])\][ \t]+(?P<text>.*)$"))


class Single(QuestionType):
    """One of several answers is right."""

    name = "single"
    notation = TASKS

    def fits(self, draft: Draft) -> bool:
        right = sum(item.sign != " " for item in draft.items[TASKS.name])
        wanted = draft.attributes.get("type", "")
        return wanted != "multiple" and (right <= 1 or wanted == "single")

    def read(self, written: Written) -> Question:
        options = read_options(written)
        right = sum(option["is_right"] for option in options)
        if right > 1:
            message = _("A single choice has one right answer; %(count)d are marked.") % {"count": right}
            written.problem(written.draft.line, message)
        return {"options": options}

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        return {"options": show_options(question, {response} if isinstance(response, str) else set(), showing)}

    def mark(self, question: Question, response: Response) -> Mark:
        chosen = next((option for option in question["options"] if option["key"] == response), None)
        return Mark.of(float(chosen["is_right"]), chosen["feedback"]) if chosen else Mark(0.0)

    def right(self, question: Question) -> Response:
        return next(option["key"] for option in question["options"] if option["is_right"])

    def tell(self, question: Question, response: Response) -> list[str]:
        return [option["html"] for option in question["options"] if option["key"] == response]


def read_options(written: Written) -> list[dict[str, Any]]:
    """The answers to choose from, as they are written."""
    tasks = written.items(TASKS)
    if len(tasks) < 2:
        written.problem(tasks[0].line, _("There is only one answer to choose. Give at least two."))
    if all(item.sign == " " for item in tasks):
        written.problem(written.draft.line, _("No answer is marked as right. Mark it with [x]."))
    return [
        {"key": key, "html": render_inline(item.text), "is_right": item.sign != " ", "feedback": feedback_of(item)}
        for key, item in written.keyed(tasks)
    ]


def show_options(question: Question, chosen: set[Any], showing: Showing) -> list[dict[str, Any]]:
    """The answers in the order of this attempt, with those that were chosen."""
    options = [
        {"key": option["key"], "html": option["html"], "is_chosen": option["key"] in chosen}
        for option in question["options"]
    ]
    if showing.is_shuffled:
        showing.shuffler.shuffle(options)
    return options
