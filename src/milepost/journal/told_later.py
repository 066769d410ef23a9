"""When a fact happened, when it was recorded, and whether it was told later: read off its statement alone.

`time` in a statement is when it happened, as it was told; `recorded` is what the server's clock said as it was written, and
stands there where that is another time. In xAPI they are `timestamp` and `stored` (IEEE 9274.1.1, section 4.2). What a device
without a network said the time was stands in the context as `device_time`, beside the server's, which counts.

A fact is under a seal within a minute. What was recorded longer than `IN_TIME` after it happened, as it says, is told later: it
could not be under the seal that its time would have put it under. Nobody but whoever tells it says when it was. See decision 52.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

IN_TIME = timedelta(minutes=5)  # the minute to the seal, and for a phone to find its network or a trainer to type
SAME_MOMENT = timedelta(seconds=5)  # between what somebody pressed and what was written


def recorded_at(statement: Mapping[str, Any]) -> datetime:
    """When the fact was recorded, by the server's clock; for one that does not say, when it happened."""
    return datetime.fromisoformat(statement.get("recorded") or statement["time"])


def told_at(statement: Mapping[str, Any]) -> datetime:
    """When it happened, as it was told: by whoever told it, or by their device."""
    of_device = (statement.get("context") or {}).get("device_time")
    return min(map(datetime.fromisoformat, filter(None, (statement["time"], of_device))))


def told_later(statement: Mapping[str, Any]) -> datetime | None:
    """When the fact was recorded, if that was later than in time; None for one that was told as it happened."""
    recorded = recorded_at(statement)
    return recorded if recorded - told_at(statement) > IN_TIME else None


def later_text(statement: Mapping[str, Any]) -> str | None:
    """When a fact that was told later was recorded, as its statement has it."""
    return (statement.get("recorded") or statement["time"]) if told_later(statement) else None
