"""A short text: `= carbon dioxide | CO2`; case, accents and a final full stop do not matter."""

from html import escape
from typing import Any

from milepost.activities.quiz.notation import Draft
from milepost.activities.quiz.types import Mark, Question, QuestionType, Response, Showing, Written, feedback_of
from milepost.activities.quiz.types.values import VALUES, right_values, shown_value, wrong_values
from milepost.people.models import plain


class Text(QuestionType):
    """A word or a few that are among those that are right."""

    name = "text"
    notation = VALUES

    def fits(self, draft: Draft) -> bool:
        return bool(right_values(draft.items[VALUES.name]))  # neither true, false nor a number

    def read(self, written: Written) -> Question:
        right = right_values(written.items(VALUES))
        answers = [text.strip().strip('"“”') for item in right for text in item.text.split("|")]
        return {
            "answers": [answer for answer in answers if answer],
            "right_feedback": feedback_of(right[0]),
            "wrong": [{"value": item.text, "feedback": feedback_of(item)} for item in wrong_values(written)],
        }

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        return shown_value(question, response)

    def mark(self, question: Question, response: Response) -> Mark:
        given = words(response)
        if given in map(words, question["answers"]):
            return Mark.of(1.0, question["right_feedback"])
        wrong = next((wrong for wrong in question["wrong"] if given == words(wrong["value"])), None)
        return Mark.of(0.0, wrong["feedback"]) if wrong else Mark(0.0)

    def right(self, question: Question) -> Response:
        return question["answers"][0]

    def tell(self, question: Question, response: Response) -> list[str]:
        return [escape(str(response))]


def words(text: object) -> str:
    """A text without case, accents, doubled spaces and a final full stop."""
    return " ".join(plain(str(text)).replace("’", "'").split()).rstrip(".")
