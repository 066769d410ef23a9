"""Gaps in a text: `Water boils at [[100|a hundred]] degrees.`"""

import re
from html import escape
from itertools import count
from typing import Any

from django.http import QueryDict

from milepost.activities.quiz.notation import Draft, Notation
from milepost.activities.quiz.types import MAX_TEXT, Mark, Question, QuestionType, Response, Showing, Written, is_filled
from milepost.activities.quiz.types.text import words
from milepost.courses.markdown import render_inline

GAPS = Notation("gaps", body=re.compile(r"\[\[(.+?)\]\]"))


class Gaps(QuestionType):
    """A text with words to fill in; each gap counts. The text is the question's body."""

    name = "gaps"
    notation = GAPS

    def fits(self, draft: Draft) -> bool:
        return True

    def read(self, written: Written) -> Question:
        """The text cut at its gaps: HTML pieces and gaps in turn."""
        parts: list[dict[str, Any]] = []
        text = " ".join(line.strip() for line in written.draft.body if line.strip())
        assert GAPS.body is not None  # noqa: S101 (as it stands above)
        for index, piece in enumerate(GAPS.body.split(text)):
            if index % 2:
                answers = [answer.strip() for answer in piece.split("|") if answer.strip()]
                parts.append({"key": f"g{index // 2 + 1}", "answers": answers})
            elif piece:
                parts.append({"html": render_inline(piece)})
        return {"parts": parts, "body": ""}

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        given = response if isinstance(response, dict) else {}
        numbers = count(1)
        return {"parts": [_shown(part, given, numbers) if "key" in part else part for part in question["parts"]]}

    def take(self, question: Question, data: QueryDict) -> Response:
        return {gap["key"]: data.get(f"{question['key']}.{gap['key']}", "")[:MAX_TEXT] for gap in _gaps(question)}

    def is_whole(self, question: Question, response: Response) -> bool:
        return is_filled(response, [gap["key"] for gap in _gaps(question)])

    def mark(self, question: Question, response: Response) -> Mark:
        given = response if isinstance(response, dict) else {}
        gaps = _gaps(question)
        return Mark(sum(words(given.get(gap["key"], "")) in map(words, gap["answers"]) for gap in gaps) / len(gaps))

    def right(self, question: Question) -> Response:
        return {gap["key"]: gap["answers"][0] for gap in _gaps(question)}

    def tell(self, question: Question, response: Response) -> list[str]:
        return [escape(", ".join(str(value) or "…" for value in response.values()))]


def _shown(part: dict[str, Any], given: dict[str, Any], numbers: "count[int]") -> dict[str, Any]:
    return {"key": part["key"], "number": next(numbers), "value": given.get(part["key"], "")}


def _gaps(question: Question) -> list[dict[str, Any]]:
    return [part for part in question["parts"] if "key" in part]
