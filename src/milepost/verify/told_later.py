"""When facts happened, when they were recorded, and which of them were told later."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .report import Report

IN_TIME = timedelta(minutes=5)  # from what happened to its record: whatever took longer is told later


def recorded_at(statement: Mapping[str, Any]) -> str:
    """What the server's clock said as the fact was written: the time that it tells, unless it says another."""
    return str(statement.get("recorded") or statement["time"])


def told_later(statement: Mapping[str, Any]) -> str | None:
    """When the fact was recorded, if that was later than in time after it happened, as it or the device it came from says."""
    of_device = (statement.get("context") or {}).get("device_time")
    if not of_device and "recorded" not in statement:
        return None
    recorded, happened = recorded_at(statement), min(filter(None, (statement["time"], of_device)))
    return recorded if datetime.fromisoformat(recorded) - datetime.fromisoformat(happened) > IN_TIME else None


class Times:
    """When each fact was recorded, by its place in the tree, and how many were told later."""

    def __init__(self) -> None:
        self.recorded: list[tuple[int, float]] = []  # places in order, with seconds since 1970
        self.later = 0

    def hear(self, index: int, statement: Mapping[str, Any]) -> None:
        """Take the next fact."""
        self.recorded.append((index, datetime.fromisoformat(recorded_at(statement)).timestamp()))
        self.later += told_later(statement) is not None

    def tell(self, report: Report) -> None:
        """Name those that were told later."""
        if self.later:
            minutes = int(IN_TIME.total_seconds() // 60)
            report.notes.append(
                f"{self.later} of the facts were told later: recorded more than {minutes} minutes after the time that they tell,"
                " for which there is the word of whoever told them alone."
            )
