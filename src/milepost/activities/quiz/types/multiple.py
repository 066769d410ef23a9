"""Multiple choice: several answers are marked with [x], or `{type: multiple}` says that there may be."""

from typing import Any

from django.http import QueryDict

from milepost.activities.quiz.notation import Draft
from milepost.activities.quiz.types import Mark, Question, QuestionType, Response, Showing, Written, keys_in
from milepost.activities.quiz.types.single import TASKS, read_options, show_options


class Multiple(QuestionType):
    """All answers that are right are to be chosen."""

    name = "multiple"
    notation = TASKS

    def fits(self, draft: Draft) -> bool:
        return True  # what is not a single choice

    def read(self, written: Written) -> Question:
        return {"options": read_options(written)}

    def show(self, question: Question, response: Response, showing: Showing) -> dict[str, Any]:
        return {"options": show_options(question, _chosen(response), showing)}

    def take(self, question: Question, data: QueryDict) -> Response:
        return keys_in(data, question["key"])

    def mark(self, question: Question, response: Response) -> Mark:
        """Each right answer chosen counts, each wrong one chosen takes as much away."""
        chosen = [option for option in question["options"] if option["key"] in _chosen(response)]
        right = sum(option["is_right"] for option in question["options"])
        gained = sum(1 if option["is_right"] else -1 for option in chosen)
        return Mark.of(max(0.0, gained / right) if right else 0.0, *(option["feedback"] for option in chosen))

    def right(self, question: Question) -> Response:
        return [option["key"] for option in question["options"] if option["is_right"]]

    def tell(self, question: Question, response: Response) -> list[str]:
        return [option["html"] for option in question["options"] if option["key"] in _chosen(response)]


def _chosen(response: Response) -> set[str]:
    return set(map(str, response)) if isinstance(response, list) else set()
