"""Answers that are values: `= right`, and `!= wrong > feedback` for a mistake that deserves a word."""

import re
from typing import Any

from milepost.activities.quiz.notation import Item, Notation
from milepost.activities.quiz.types import Question, Response, Written

VALUES = Notation("values", re.compile(r"^(?P<sign>!?=)[ \t]*(?P<text>.+?)(?:[ \t]+>[ \t]*(?P<feedback>.*))?$"))


def right_values(items: list[Item]) -> list[Item]:
    """Those that are right."""
    return [item for item in items if item.sign == "="]


def wrong_values(written: Written) -> list[Item]:
    """Those that are wrong, with what to say to whoever gives them."""
    return [item for item in written.items(VALUES) if item.sign == "!="]


def shown_value(question: Question, response: Response) -> dict[str, Any]:
    """A field with what was typed so far."""
    return {"value": response or "", "unit": question.get("unit", "")}
