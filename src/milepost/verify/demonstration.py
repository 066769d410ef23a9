"""Whether what is told is a demonstration: its facts say so, each of them, and so does the seal over them."""

from typing import Any

from .report import Broken, Report

MARK = "demonstration"  # in statements and heads
SEAL = "Demonstration."  # how the reason of a seal in a PDF begins
BADGE = "ext:Demonstration"  # the type of what is achieved, in a badge


class Marks:
    """What the facts say, in the order of the journal."""

    def __init__(self) -> None:
        self.marked = self.unmarked = 0

    def hear(self, statement: dict[str, Any]) -> None:
        """Take the next fact. Raises `Broken` for one without the mark that those before it have."""
        if is_marked(statement):
            self.marked += 1
        elif self.marked:
            raise Broken("Some facts say that they are of a demonstration, and one after them does not.")
        else:
            self.unmarked += 1

    def hold(self, head: dict[str, Any], report: Report) -> None:
        """The seal says the same as the facts. Raises `Broken`."""
        report.is_demonstration = is_marked(head)
        if self.marked and not report.is_demonstration:
            raise Broken("The facts say that they are of a demonstration, and the seal over them does not.")
        if self.unmarked and report.is_demonstration:
            report.notes.append(f"{self.unmarked} facts are from before Milepost marked those of a demonstration.")


def is_marked(told: dict[str, Any]) -> bool:
    """Whether a statement or a head says so. Raises `Broken` for one that says it otherwise than Milepost does."""
    if told.get(MARK, True) is not True:
        raise Broken("Whether it is of a demonstration is not said as Milepost says it.")
    return MARK in told


def is_reason_of_one(reason: str) -> bool:
    """Whether a seal in a PDF says so, by why it was made."""
    return reason == SEAL or reason.startswith(SEAL + " ")


def reason_without_mark(reason: str) -> str:
    """Why a seal was made, whether in a demonstration or not."""
    return reason.removeprefix(SEAL).lstrip() if is_reason_of_one(reason) else reason


def is_badge_of_one(badge: dict[str, Any]) -> bool:
    """Whether what is achieved by a badge was so in a demonstration."""
    try:
        return bool(badge["credentialSubject"]["achievement"]["achievementType"] == BADGE)
    except (KeyError, TypeError) as error:
        raise Broken("What was signed is no badge as Milepost gives them.") from error
