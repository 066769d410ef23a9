"""Judging answers, on the server only. Pure functions: a question's definition and a response give a mark."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from milepost.people.models import plain

Question = dict[str, Any]
Response = Any  # as JSON: a key, a list of keys, a text, or a mapping, by the question's type


@dataclass(frozen=True)
class Mark:
    """What a response is worth: `fraction` of the question's points, 0 to 1, and what to say about it."""

    fraction: float
    feedback: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.fraction >= 1


def is_answered(response: Response) -> bool:
    """Whether the person gave anything at all."""
    if isinstance(response, dict):
        return any(str(value).strip() for value in response.values())
    return bool(response) if not isinstance(response, str) else bool(response.strip())


def mark(question: Question, response: Response) -> Mark:
    """The mark of a response; one that does not fit the question is worth nothing."""
    if not is_answered(response):
        return Mark(0.0)
    return _MARKERS[question["type"]](question, response)


def score_of(questions: list[Question], responses: dict[str, Response]) -> float:
    """The score in per cent, 0 to 100, over all questions by their points, rounded to a hundredth."""
    total = sum(question["points"] for question in questions)
    gained = sum(question["points"] * mark(question, responses.get(question["key"])).fraction for question in questions)
    return round(100 * gained / total, 2) if total else 0.0


def right_response(question: Question) -> Response:
    """A response that is fully right."""
    match question["type"]:
        case "single" | "truefalse":
            return next(option["key"] for option in question["options"] if option["is_right"])
        case "multiple":
            return [option["key"] for option in question["options"] if option["is_right"]]
        case "number":
            return question["answer"]
        case "text":
            return question["answers"][0]
        case "ordering":
            return [item["key"] for item in question["items"]]
        case "matching":
            return {pair["key"]: pair["right_key"] for pair in question["pairs"]}
        case _:
            return {part["key"]: part["answers"][0] for part in question["parts"] if "key" in part}


def _choice(question: Question, response: Response) -> Mark:
    for option in question["options"]:
        if option["key"] == response:
            return Mark(1.0 if option["is_right"] else 0.0, _said(option["feedback"]))
    return Mark(0.0)


def _multiple(question: Question, response: Response) -> Mark:
    """Each right answer chosen counts, each wrong one chosen takes as much away."""
    chosen = set(map(str, response)) if isinstance(response, list) else set()
    options = question["options"]
    right = sum(option["is_right"] for option in options)
    gained = sum((1 if option["is_right"] else -1) for option in options if option["key"] in chosen)
    feedback = tuple(option["feedback"] for option in options if option["key"] in chosen and option["feedback"])
    return Mark(max(0.0, gained / right) if right else 0.0, feedback)


def _number(question: Question, response: Response) -> Mark:
    given = number_of(response)
    if given is None:
        return Mark(0.0)
    if abs(given - Decimal(question["answer"])) <= Decimal(question["tolerance"]):
        return Mark(1.0, _said(question["right_feedback"]))
    for wrong in question["wrong"]:
        if given == Decimal(wrong["value"]):
            return Mark(0.0, _said(wrong["feedback"]))
    return Mark(0.0)


def number_of(response: Response) -> Decimal | None:
    """A number as people type it: spaces and a decimal comma are fine; None if it is not one."""
    text = "".join(str(response).split()).replace(",", ".")
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _text(question: Question, response: Response) -> Mark:
    given = words(response)
    if given in map(words, question["answers"]):
        return Mark(1.0, _said(question["right_feedback"]))
    for wrong in question["wrong"]:
        if given == words(wrong["value"]):
            return Mark(0.0, _said(wrong["feedback"]))
    return Mark(0.0)


def words(text: object) -> str:
    """A text without case, accents, doubled spaces and a final full stop."""
    return " ".join(plain(str(text)).replace("’", "'").split()).rstrip(".")


def _ordering(question: Question, response: Response) -> Mark:
    right = [item["key"] for item in question["items"]]
    given = list(map(str, response)) if isinstance(response, list) else []
    if sorted(given) != sorted(right):
        return Mark(0.0)
    return Mark(sum(one == other for one, other in zip(given, right, strict=True)) / len(right))


def _matching(question: Question, response: Response) -> Mark:
    given = response if isinstance(response, dict) else {}
    pairs = question["pairs"]
    return Mark(sum(given.get(pair["key"]) == pair["right_key"] for pair in pairs) / len(pairs))


def _gaps(question: Question, response: Response) -> Mark:
    given = response if isinstance(response, dict) else {}
    gaps = [part for part in question["parts"] if "key" in part]
    return Mark(sum(words(given.get(gap["key"], "")) in map(words, gap["answers"]) for gap in gaps) / len(gaps))


def _said(feedback: str) -> tuple[str, ...]:
    return (feedback,) if feedback else ()


_MARKERS = {
    "single": _choice, "truefalse": _choice, "multiple": _multiple, "number": _number, "text": _text,
    "ordering": _ordering, "matching": _matching, "gaps": _gaps,
}  # fmt: skip
