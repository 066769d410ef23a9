"""Judging answers, on the server only. Pure functions: a question's definition and a response give a mark."""

from milepost.activities.quiz.types import Mark, Question, QuestionType, Response, question_types


def type_of(question: Question) -> QuestionType:
    """The type that a question's definition names."""
    return question_types.get(question["type"])


def is_answered(response: Response) -> bool:
    """Whether the person gave anything at all."""
    if isinstance(response, dict):
        return any(str(value).strip() for value in response.values())
    return bool(response) if not isinstance(response, str) else bool(response.strip())


def complaint(question: Question, response: Response) -> str:
    """Why what was given can be no answer, and what to do; empty when it can, or when nothing was given."""
    return type_of(question).complaint(question, response) if is_answered(response) else ""


def is_settled(question: Question, response: Response) -> bool:
    """Whether the question counts as answered: something was given, nothing in it is open, and it can be an answer."""
    is_whole = is_answered(response) and type_of(question).is_whole(question, response)
    return is_whole and not complaint(question, response)


def mark(question: Question, response: Response) -> Mark:
    """The mark of a response; none, or one that does not fit the question, is worth nothing."""
    return type_of(question).mark(question, response) if is_answered(response) else Mark(0.0)


def right_response(question: Question) -> Response:
    """A response that is fully right."""
    return type_of(question).right(question)


def score_of(questions: list[Question], responses: dict[str, Response]) -> float:
    """The score in per cent, 0 to 100, over all questions by their points, rounded to a hundredth."""
    total = sum(question["points"] for question in questions)
    gained = sum(question["points"] * mark(question, responses.get(question["key"])).fraction for question in questions)
    return round(100 * gained / total, 2) if total else 0.0
