"""Ordering: `1. first`, `2. second`, written in the right order."""

import random
import re
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from milepost.activities.quiz.notation import Draft, Notation
from milepost.activities.quiz.types import Mark, Question, QuestionType, Response, Showing, Written, keys_in
from milepost.courses.markdown import render_inline

STEPS = Notation("steps", re.compile(r"^\d+[.)][ \t]+(?P<text>.+)$"))


class Ordering(QuestionType):
    """Steps to put in order; each in its place counts."""

    name = "ordering"
    notation = STEPS

    def fits(self, draft: Draft) -> bool:
        return True

    def read(self, written: Written) -> Question:
        steps = written.items(STEPS)
        if len(steps) < 2:
            written.problem(steps[0].line, _("There is only one step to put in order. Give at least two."))
        return {"items": [{"key": key, "html": render_inline(item.text)} for key, item in written.keyed(steps)]}

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        items = {item["key"]: item for item in question["items"]}
        is_ours = isinstance(response, list) and sorted(map(str, response)) == sorted(items)
        return {"items": [items[key] for key in (response if is_ours else _mixed(list(items), showing.shuffler))]}

    def take(self, question: Question, data: QueryDict) -> Response:
        return keys_in(data, question["key"])

    def mark(self, question: Question, response: Response) -> Mark:
        right = self.right(question)
        given = list(map(str, response)) if isinstance(response, list) else []
        if sorted(given) != sorted(right):
            return Mark(0.0)
        return Mark(sum(one == other for one, other in zip(given, right, strict=True)) / len(right))

    def right(self, question: Question) -> list[str]:
        return [item["key"] for item in question["items"]]

    def tell(self, question: Question, response: Response) -> list[str]:
        items = {item["key"]: item["html"] for item in question["items"]}
        return [f"{number}. {items.get(key, '')}" for number, key in enumerate(response, 1)]


def _mixed(keys: list[str], shuffler: random.Random) -> list[str]:
    """An order that is not the right one."""
    right = list(keys)
    while keys == right:
        shuffler.shuffle(keys)
    return keys
