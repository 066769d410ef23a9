"""True or false: `= true` (or vrai, false, faux)."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from milepost.activities.quiz.notation import Draft
from milepost.activities.quiz.types import Question, Response, Showing, Written, feedback_of
from milepost.activities.quiz.types.single import Single
from milepost.activities.quiz.types.values import VALUES, right_values, wrong_values

_BOOLEANS = {"true": True, "vrai": True, "false": False, "faux": False}


class TrueOrFalse(Single):
    """A single choice of two, whose words are the reader's language and whose order never changes."""

    name = "truefalse"
    notation = VALUES

    def fits(self, draft: Draft) -> bool:
        right = right_values(draft.items[VALUES.name])
        return bool(right) and right[0].text.casefold() in _BOOLEANS

    def read(self, written: Written) -> Question:
        item = right_values(written.items(VALUES))[0]
        right = _BOOLEANS[item.text.casefold()]
        feedback = {right: feedback_of(item), not right: "".join(map(feedback_of, wrong_values(written)[:1]))}
        return {
            "options": [
                {"key": str(value).lower(), "html": "", "is_right": value == right, "feedback": feedback[value]}
                for value in (True, False)
            ]
        }

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        return super().show(question, response, replace(showing, is_shuffled=False))

    def tell(self, question: Question, response: Response) -> list[str]:
        return [_("True") if response == "true" else _("False")]
