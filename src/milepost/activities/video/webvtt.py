"""WebVTT, as far as captions need it (W3C WebVTT: The Web Video Text Tracks Format, section 4)."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from milepost.core.refusals import Refused

_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING = re.compile(rf"^{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?$")
_TAG = re.compile(r"<[^>]*>")


class BadCaptions(Refused):
    """The captions can't be read; `line` is where (1 for the first)."""

    status = 422

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Cue:
    """What is said between two moments, in seconds."""

    start: float
    end: float
    text: str


def parse(text: str) -> list[Cue]:
    """The cues in order. Raises `BadCaptions`."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or not re.match(r"^WEBVTT(?:[ \t]|$)", lines[0]):
        raise BadCaptions(1, _("the first line must be WEBVTT"))
    cues: list[Cue] = []
    index = 1
    while index < len(lines):
        line = lines[index]
        if "-->" not in line:
            index += 1
            continue
        timing = _TIMING.match(line.strip())
        if not timing:
            raise BadCaptions(
                index + 1, _("“%(line)s” is not a time like 00:01.000 --> 00:04.000") % {"line": line[:60]}
            )
        start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:])
        if end <= start:
            raise BadCaptions(index + 1, _("the caption ends before it begins"))
        index += 1
        words = []
        while index < len(lines) and lines[index].strip():
            words.append(_TAG.sub("", lines[index]).strip())
            index += 1
        cues.append(Cue(start, end, " ".join(words)))
    if not cues:
        raise BadCaptions(1, _("there is no caption in it"))
    return sorted(cues, key=lambda cue: cue.start)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
