"""JSON that can be read in one way only, and its canonical form (RFC 8785)."""

import json
import re
from contextlib import suppress
from math import isfinite
from typing import Any

from .report import Broken

LARGEST = 2**53 - 1  # what every program reads alike (I-JSON, RFC 7493, section 2.2)
PLAIN = 1e-4, 1e16  # between these Python and ECMAScript write numbers alike
MARK = b"\xef\xbb\xbf"


def read_json(content: str | bytes) -> Any:
    """What JSON says, where it can be read in one way only (RFC 8259, sections 4 and 8.1). Raises `Broken`, or `ValueError`."""
    if isinstance(content, bytes):
        if content.startswith(MARK):
            raise ValueError("JSON begins with no byte order mark")
        content = content.decode()
    return _STRICT.decode(content)


def read_canonical(text: str) -> Any:
    """What JSON in canonical form says. Raises `Broken`, or `ValueError` for what is JSON of another form, too."""
    if text.isascii() or not _BEYOND.search(text):  # else names may have another order in UTF-16
        with suppress(Broken, ValueError):
            value = _QUICK.decode(text)
            if _as_it_is(value) == text:  # so no name stands there twice: it would have been written once
                return value
    value = _CANONICAL.decode(text)
    if canonical(value) != text.encode():
        raise Broken("A fact is not in canonical form (RFC 8785): programs could read it in several ways.")
    return value


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


def _integer(words: str) -> int:
    if len(words) > 17 or not -LARGEST <= (number := int(words)) <= LARGEST:
        raise ValueError("a number is too large for all programs to read it alike")
    return number


def _fraction(words: str) -> float | int:
    """A whole one as an integer, which is one number in JSON; so `1.0` is not written as it stands."""
    number = float(words)
    if not isfinite(number):
        raise ValueError(f"{words} is no number")
    return int(number) if number.is_integer() and abs(number) <= LARGEST else number


def _canonical_fraction(words: str) -> float | int:
    number = _fraction(words)
    if isinstance(number, float) and _number(number) != words:
        raise Broken(f"A fact has the number {words}, which is not in canonical form (RFC 8785).")
    return number


_NUMBERS: dict[str, Any] = {"parse_constant": _no_number, "parse_int": _integer}
_STRICT = json.JSONDecoder(**_NUMBERS, object_pairs_hook=_each_once, parse_float=_fraction)
_CANONICAL = json.JSONDecoder(**_NUMBERS, object_pairs_hook=_each_once, parse_float=_canonical_fraction)
_QUICK = json.JSONDecoder(**_NUMBERS, parse_float=_canonical_fraction)
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_as_it_is = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785)."""
    return (_as_it_is(value) if _is_plain(value) else _text(value)).encode()


def _is_plain(value: Any) -> bool:
    """Whether Python's encoder writes it as RFC 8785 does: it orders names and writes numbers in a way of its own."""
    if isinstance(value, dict):
        return all(name.isascii() and _is_plain(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return not isinstance(value, float) or (PLAIN[0] <= abs(value) < PLAIN[1] and not value.is_integer())


def _text(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))  # section 3.2.3
        return "{" + ",".join(f"{_as_it_is(name)}:{_text(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return _number(value) if isinstance(value, float) else _as_it_is(value)


def _number(value: float) -> str:
    """As ECMAScript writes it (Number::toString): Python has the same shortest digits, and sets them otherwise."""
    if not value:
        return "0"
    sign, digits, exponent = _shortest(value)
    point = len(digits) + exponent  # how many digits stand before it
    if len(digits) <= point <= 21:
        text = digits + "0" * exponent
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        text = f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"
    return sign + text


def _shortest(value: float) -> tuple[str, str, int]:
    """Sign, digits and the power of ten of the last one."""
    mantissa, _e, power = repr(abs(value)).partition("e")
    whole, _dot, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    digits = (whole + fraction).lstrip("0")
    shift = len(digits) - len(digits.rstrip("0"))
    return "-" if value < 0 else "", digits.rstrip("0"), int(power or 0) - len(fraction) + shift
