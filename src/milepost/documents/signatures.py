"""A person's signature: drawn with a finger, or their name typed in its place.

A drawn one travels as the points of its strokes, never as a picture: there is nothing in it that a browser or a PDF
could run, and it is drawn here, from numbers.
"""

import json
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import dist, hypot
from typing import Any, Self

from django.utils.translation import gettext as _

from milepost.core.canonical import canonical_json, fingerprint
from milepost.core.names import holds_unseen
from milepost.core.refusals import Refused

MAX_BYTES = 64 * 1024
MAX_SIDE = 4_000  # pixels
MIN_LENGTH = 40  # pixels of ink: less is a dot or a slip
MAX_NAME = 120
SPREAD = 48  # points at which two signatures are compared


class NoSignature(Refused):
    """What came is no signature; the message says what to do."""

    status = 422


@dataclass(frozen=True)
class Signature:
    """Either `strokes` (each x, y, x, y, … within `width` × `height`), or `text`, the name that was typed."""

    strokes: tuple[tuple[int, ...], ...] = ()
    width: int = 0
    height: int = 0
    text: str = ""

    @classmethod
    def read(cls, sent: str) -> Self:
        """A signature from what a browser sent (JSON). Raises `NoSignature` for anything else."""
        if len(sent) > MAX_BYTES:
            raise NoSignature(_("This signature is too large to be one. Clear it and sign once more."))
        try:
            given = json.loads(sent or "{}")
            if not isinstance(given, dict):
                raise TypeError
            text = " ".join(str(given.get("text", "")).split())
            if text:
                return cls._typed(text)
            strokes = tuple(tuple(_whole(number) for number in stroke) for stroke in given.get("strokes", ()))
            width, height = _whole(given.get("width", 0)), _whole(given.get("height", 0))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise NoSignature(
                _("What arrived is no signature. Sign in the box with a finger, or type your name.")
            ) from error
        return cls(strokes, width, height)._checked()

    @classmethod
    def _typed(cls, text: str) -> Self:
        if len(text) > MAX_NAME or not any(character.isalpha() for character in text) or holds_unseen(text):
            raise NoSignature(_("Type your name, as you write it."))
        return cls(text=text)

    def _checked(self) -> Self:
        is_within = 0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE
        is_paired = all(len(stroke) % 2 == 0 and len(stroke) >= 2 for stroke in self.strokes)
        if self.strokes and not (is_within and is_paired):
            raise NoSignature(_("What arrived is no signature. Sign in the box with a finger, or type your name."))
        if self._length() < MIN_LENGTH:
            raise NoSignature(_("Sign in the box first, or type your name."))
        return self

    def _length(self) -> float:
        """How much ink there is, in pixels."""
        return sum(
            abs(stroke[at] - stroke[at - 2]) + abs(stroke[at + 1] - stroke[at - 1])
            for stroke in self.strokes
            for at in range(2, len(stroke), 2)
        )

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """What `as_json` gave."""
        if "text" in kept:
            return cls(text=kept["text"])
        return cls(tuple(map(tuple, kept["strokes"])), kept["width"], kept["height"])

    def as_json(self) -> dict[str, Any]:
        """To be kept."""
        if self.text:
            return {"text": self.text}
        return {"strokes": [list(stroke) for stroke in self.strokes], "width": self.width, "height": self.height}

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the canonical JSON: what the journal says of it."""
        return fingerprint(canonical_json(self.as_json()))

    def svg(self) -> str:
        """A drawn signature as SVG, cut to its ink; empty for a typed one."""
        if self.text:
            return ""
        xs = [x for stroke in self.strokes for x in stroke[::2]]
        ys = [y for stroke in self.strokes for y in stroke[1::2]]
        left, top = min(xs) - 4, min(ys) - 4
        box = f"{left} {top} {max(xs) - left + 4} {max(ys) - top + 4}"
        path = "".join(_curve(stroke) for stroke in self.strokes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><path d="{path}" fill="none" stroke="#1c2421" '
            'stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>'
        )


def difference(one: Signature, other: Signature) -> float:
    """How unlike two drawn signatures are: 0 for the same, about 0.1 for a hand's own variation, 0.3 and more for strangers.

    The mean distance between points at equal parts of the ink, after both were moved and scaled onto each other, as a
    share of the signature's longer side. It finds what a glance would find and no more: it is a reason to look.
    """
    pairs = zip(_spread(one), _spread(other), strict=True)
    return sum(hypot(x1 - x2, y1 - y2) for (x1, y1), (x2, y2) in pairs) / SPREAD


def _spread(signature: Signature) -> list[tuple[float, float]]:
    """So many points at equal distances along the ink, around their middle, in a box of side 1."""
    points = [
        (float(x), float(y)) for stroke in signature.strokes for x, y in zip(stroke[::2], stroke[1::2], strict=True)
    ]
    lengths = [0.0, *accumulate(dist(a, b) for a, b in pairwise(points))]
    side = max(max(axis) - min(axis) for axis in zip(*points, strict=True)) or 1.0
    spread, at = [], 0
    for step in range(SPREAD):
        wanted = lengths[-1] * step / (SPREAD - 1)
        while at < len(points) - 2 and lengths[at + 1] < wanted:
            at += 1
        (x1, y1), (x2, y2) = points[at], points[min(at + 1, len(points) - 1)]
        part = (wanted - lengths[at]) / ((lengths[min(at + 1, len(points) - 1)] - lengths[at]) or 1.0)
        spread.append((x1 + part * (x2 - x1), y1 + part * (y2 - y1)))
    middle_x, middle_y = (sum(axis) / SPREAD for axis in zip(*spread, strict=True))
    return [((x - middle_x) / side, (y - middle_y) / side) for x, y in spread]


def _whole(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError
    whole = round(number)
    if abs(whole) > MAX_SIDE:
        raise ValueError
    return whole


def _curve(stroke: tuple[int, ...]) -> str:
    """A stroke as a path through the midpoints of its points, which is how a pen moves."""
    points = list(zip(stroke[::2], stroke[1::2], strict=True))
    if len(points) < 3:
        (x, y), (to_x, to_y) = points[0], points[-1]
        return f"M{x} {y}L{to_x} {to_y}"
    (x, y), inner, (to_x, to_y) = points[0], points[1:-1], points[-1]
    bends = "".join(
        f"Q{x1} {y1} {(x1 + x2) / 2:g} {(y1 + y2) / 2:g}" for (x1, y1), (x2, y2) in zip(inner, points[2:], strict=True)
    )
    return f"M{x} {y}{bends}L{to_x} {to_y}"
