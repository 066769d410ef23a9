"""A number: `= 3.14 ± 0.01 m`, with a tolerance and a unit where there are any."""

import re
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any

from django.utils.translation import gettext as _

from milepost.activities.quiz.notation import Draft
from milepost.activities.quiz.types import Mark, Question, QuestionType, Response, Showing, Written, feedback_of
from milepost.activities.quiz.types.values import VALUES, right_values, shown_value, wrong_values

MOST_DIGITS = 100
_NUMBER = re.compile(r"^([-+]?\d+(?:[.,]\d+)?)(?:\s*(?:±|\+-|\+/-)\s*(\d+(?:[.,]\d+)?))?(?:\s+([^\d\s].*))?$")


class Number(QuestionType):
    """A number that is right within its tolerance."""

    name = "number"
    notation = VALUES

    def fits(self, draft: Draft) -> bool:
        right = right_values(draft.items[VALUES.name])
        return bool(right) and _NUMBER.match(right[0].text) is not None

    def read(self, written: Written) -> Question:
        item, *more = right_values(written.items(VALUES))
        if more:
            written.problem(more[0].line, _("A number question has one answer; give a tolerance with ±."))
        right = _NUMBER.match(item.text)
        value, tolerance, unit = right.groups() if right else ("0", None, None)
        wrong = []
        for other in wrong_values(written):
            if number := _NUMBER.match(other.text):
                wrong.append({"value": _with_point(number[1]), "feedback": feedback_of(other)})
            else:
                written.problem(other.line, _("“%(value)s” is not a number.") % {"value": other.text})
        return {
            "answer": _with_point(value),
            "tolerance": _with_point(tolerance or "0"),
            "unit": unit or "",
            "right_feedback": feedback_of(item),
            "wrong": wrong,
        }

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        return shown_value(question, response)

    def complaint(self, question: Question, response: Response) -> str:
        if number_of(response) is not None:
            return ""
        words = _("“%(value)s” is not a number. Write it in digits alone, such as 12 or 3.5.")
        return words % {"value": response}

    def mark(self, question: Question, response: Response) -> Mark:
        given = number_of(response)
        if given is None:
            return Mark(0.0)
        if abs(given - Decimal(question["answer"])) <= Decimal(question["tolerance"]):
            return Mark.of(1.0, question["right_feedback"])
        wrong = next((wrong for wrong in question["wrong"] if given == Decimal(wrong["value"])), None)
        return Mark.of(0.0, wrong["feedback"]) if wrong else Mark(0.0)

    def right(self, question: Question) -> Response:
        return question["answer"]

    def tell(self, question: Question, response: Response) -> list[str]:
        return [escape(f"{response} {question['unit']}".strip())]


def number_of(response: Response) -> Decimal | None:
    """A number as people type it: spaces and a decimal comma are fine; None if it is not one."""
    try:
        value = Decimal(_with_point("".join(str(response).split())))
    except InvalidOperation:
        return None
    # Beyond so many digits before or after the point nobody means a number, and decimals are at an end (`decimal.Overflow`).
    return value if value.is_finite() and abs(value.adjusted()) <= MOST_DIGITS else None


def _with_point(text: str) -> str:
    return text.replace(",", ".")
