"""How a video is written: its source, length, captions and chapters as fields, and notes as the body."""

import math
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.activities.video import webvtt
from milepost.courses.frontmatter import SourceFile, parse_seconds
from milepost.courses.kinds import ActivityFile, Kind
from milepost.courses.markdown import media_address
from milepost.journal.vocabulary import NUMBER, PERCENT, Fields, listed

PLAYABLE = (".mp4", ".webm", ".m4v", ".ogv")
POSTERS = (".jpg", ".jpeg", ".png", ".webp")
CAPTIONS = ".vtt"


class VideoKind(Kind):
    """How a video is written."""

    name = "video"
    label = gettext_lazy("Video")
    icon = "play-circle"
    work: ClassVar[Fields] = {"watched": PERCENT, "ranges": listed(listed(NUMBER))}  # per cent, and pairs of seconds

    def read(self, file: ActivityFile) -> dict[str, Any]:
        """`{"source", "poster", "duration" (s), "coverage" (%), "captions", "chapters", "transcript", "html"}`."""
        source = file.source
        duration = source.seconds("duration")
        if not duration:
            source.problem(source.line_of("duration"), _("“duration:” is missing; give the video's length, like 1:05."))
            duration = 1.0
        captions = _captions(file, duration)
        return {
            "source": _source(file, "source", PLAYABLE, is_needed=True),
            "poster": _source(file, "poster", POSTERS, is_needed=False),
            "duration": duration,
            "coverage": source.number("coverage", 90, low=1, high=100),
            "captions": [{"language": language, "source": address} for language, address, _cues in captions],
            "chapters": _chapters(source, duration),
            "transcript": _transcript(captions, file.language),
            "html": file.markdown(source.body, line=source.body_line),
        }

    def minutes(self, definition: dict[str, Any]) -> int:
        return max(1, math.ceil(float(definition["duration"]) / 60))


def _source(file: ActivityFile, name: str, endings: tuple[str, ...], *, is_needed: bool) -> str:
    source = file.source
    written = source.text(name, None if is_needed else "")
    if not written:
        return ""
    line = source.line_of(name)
    parts = urlsplit(written)
    if parts.scheme or written.startswith("//"):
        if parts.scheme != "https" or not parts.hostname or name != "source":
            source.problem(
                line,
                _("“%(name)s” must be a file of the course or, for the video, an https: address.") % {"name": name},
            )
        return written
    if not written.lower().endswith(endings):
        source.problem(
            line,
            _("%(path)s is not a file that browsers show here. Use %(endings)s.")
            % {"path": written, "endings": ", ".join(endings)},
        )
    media = file.media(written)
    if not media:
        source.problem(line, _("There is no file %(path)s.") % {"path": written})
        return ""
    return media_address(*media)


def _captions(file: ActivityFile, duration: float) -> list[tuple[str, str, list[webvtt.Cue]]]:
    source = file.source
    captions = source.raw("captions", {})
    if isinstance(captions, str):
        captions = {file.language: captions}
    line = source.line_of("captions")
    if not isinstance(captions, dict):
        source.problem(line, _("“captions” must name a file for each language, like “en: media/why.en.vtt”."))
        return []
    if not captions:
        source.problem(
            line, _("The video has no captions. Not everybody hears it; add a WebVTT file under “captions:”.")
        )
    read = []
    for language, path in captions.items():
        if language not in dict(settings.LANGUAGES):
            source.problem(line, _("“%(code)s” is not a language code like en or fr.") % {"code": language})
            continue
        if not str(path).lower().endswith(CAPTIONS):
            source.problem(
                line,
                _("%(path)s is not a file that browsers show here. Use %(endings)s.")
                % {"path": path, "endings": CAPTIONS},
            )
            continue
        media, text = file.media(str(path)), file.text_of(str(path))
        if not media or text is None:
            source.problem(line, _("There is no file %(path)s.") % {"path": path})
            continue
        try:
            cues = webvtt.parse(text)
        except webvtt.BadCaptions as error:
            where = {"path": path, "line": error.line, "reason": error}
            source.problem(line, _("%(path)s, line %(line)d: %(reason)s.") % where)
            continue
        if cues[-1].end > duration + 1:
            source.problem(
                line, _("%(path)s goes on after the end of the video. Is “duration” right?") % {"path": path}
            )
        read.append((str(language), media_address(*media), cues))
    return read


def _chapters(source: SourceFile, duration: float) -> list[dict[str, Any]]:
    chapters: list[dict[str, Any]] = []
    line = source.line_of("chapters")
    for chapter in source.raw("chapters", []) or []:
        try:
            start, title = parse_seconds(chapter["at"]), str(chapter["title"]).strip()
        except (KeyError, TypeError, ValueError):
            source.problem(line, _("A chapter needs “at: 0:35” and “title: …”."))
            continue
        if start >= duration or (chapters and start <= chapters[-1]["at"]):
            source.problem(line, _("The chapter “%(title)s” is out of order or after the end.") % {"title": title})
        chapters.append({"at": start, "title": title})
    return chapters


def _transcript(captions: list[tuple[str, str, list[webvtt.Cue]]], language: str) -> list[dict[str, Any]]:
    """What is said, from the captions in the course's language or else the first there are."""
    by_language = {code: cues for code, _address, cues in captions}
    cues = by_language.get(language) or next(iter(by_language.values()), [])
    return [{"at": cue.start, "text": cue.text} for cue in cues]
