"""JSON that can be read in one way only, and its canonical form (RFC 8785)."""

import json
from typing import Any

from .report import Broken


def read_json(content: str | bytes) -> Any:
    """What JSON says, where it can be read in one way only (RFC 8259, section 4). Raises `Broken`, or `ValueError`."""
    return json.loads(content, object_pairs_hook=_each_once, parse_constant=_no_number)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        names = [name for name, _value in pairs]
        raise Broken(
            f"“{next(name for name in names if names.count(name) > 1)}” is said twice in one place of its JSON."
        )
    return told


def _no_number(words: str) -> Any:
    raise ValueError(f"{words} is no number")


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of what Milepost keeps: names in ASCII, and numbers that are whole or have few digits."""
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
