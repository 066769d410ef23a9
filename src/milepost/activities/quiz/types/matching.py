"""Matching: `- this :: that`, a pair on each line."""

import re
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from milepost.activities.quiz.notation import Draft, Notation
from milepost.activities.quiz.types import MAX_KEY, Mark, Question, QuestionType, Response, Showing, Written, is_filled
from milepost.courses.markdown import render_inline

PAIRS = Notation("pairs", re.compile(r"^[-*+][ \t]+(?P<text>.+?)[ \t]+::[ \t]+(?P<other>.+)$"))


class Matching(QuestionType):
    """Pairs to find; each one found counts."""

    name = "matching"
    notation = PAIRS

    def fits(self, draft: Draft) -> bool:
        return True

    def read(self, written: Written) -> Question:
        pairs = written.items(PAIRS)
        if len(pairs) < 2:
            written.problem(pairs[0].line, _("There is only one pair to match. Give at least two."))
        return {
            "pairs": [
                {
                    "key": key,
                    "left": render_inline(item.text),
                    "right_key": written.key(item.other, "right"),
                    "right": render_inline(item.other),
                }
                for key, item in written.keyed(pairs)
            ]
        }

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        given = _given(response)
        rights = [{"key": pair["right_key"], "html": pair["right"]} for pair in question["pairs"]]
        showing.shuffler.shuffle(rights)
        lefts = [
            {"key": pair["key"], "html": pair["left"], "chosen": given.get(pair["key"], "")}
            for pair in question["pairs"]
        ]
        return {"lefts": lefts, "rights": rights}

    def take(self, question: Question, data: QueryDict) -> Response:
        keys = [pair["key"] for pair in question["pairs"]]
        return {key: data.get(f"{question['key']}.{key}", "")[:MAX_KEY] for key in keys}

    def is_whole(self, question: Question, response: Response) -> bool:
        return is_filled(response, [pair["key"] for pair in question["pairs"]])

    def mark(self, question: Question, response: Response) -> Mark:
        given, pairs = _given(response), question["pairs"]
        return Mark(sum(given.get(pair["key"]) == pair["right_key"] for pair in pairs) / len(pairs))

    def right(self, question: Question) -> Response:
        return {pair["key"]: pair["right_key"] for pair in question["pairs"]}

    def tell(self, question: Question, response: Response) -> list[str]:
        rights = {pair["right_key"]: pair["right"] for pair in question["pairs"]}
        given = _given(response)
        return [f"{pair['left']} → {rights.get(given.get(pair['key']), '…')}" for pair in question["pairs"]]


def _given(response: Response) -> dict[str, Any]:
    return response if isinstance(response, dict) else {}
