"""Render the example courses' videos from their storyboards: slides, spoken narration, captions, poster, chapters.

Needs Debian's chromium, ffmpeg and espeak-ng. The results are committed, so only authors of the examples run this.
Durations and chapters are written back into the video activities.
"""

import html
import re
import tempfile
import wave
from pathlib import Path

import yaml
from programs import run

ROOT = Path(__file__).parent.parent
COURSES = ROOT / "examples/courses"
FONTS = ROOT / "src/milepost/design/static/design/vendor"
PAUSE = 0.7  # seconds after each slide
VOICES = {"en": "en-gb", "fr": "fr-fr"}
PAGE = """<!doctype html><meta charset="utf-8"><style>
@font-face {{ font-family: Fraunces; src: url(file://{fonts}/fraunces-latin-normal.woff2); font-weight: 100 900 }}
@font-face {{ font-family: Atkinson; src: url(file://{fonts}/atkinson-hyperlegible-next-latin-normal.woff2); font-weight: 200 800 }}
html, body {{ margin: 0; width: 1280px; height: 720px; overflow: hidden; background: {ground}; color: {ink} }}
body {{ display: grid; align-content: center; padding: 0 110px; box-sizing: border-box; font: 34px/1.45 Atkinson }}
h1 {{ font: 560 76px/1.08 Fraunces; margin: 0 0 28px; max-width: 17em; text-wrap: balance }}
ul {{ list-style: none; padding: 0; margin: 0; display: grid; gap: 14px }} li {{ padding-left: 34px; border-left: 6px solid {mark} }}
.n {{ position: fixed; right: 60px; bottom: 44px; font-size: 24px; opacity: .6 }}
</style><h1>{title}</h1><ul>{points}</ul><span class="n">{number} / {count}</span>"""
TONES = (
    {"ground": "#0f5c4d", "ink": "#ffffff", "mark": "#f0c27a"},
    {"ground": "#fbfaf7", "ink": "#1c2421", "mark": "#0f5c4d"},
)
CHROMIUM = (
    "chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars --window-size=1280,720 "
    "--disable-background-networking --disable-component-update --disable-sync --virtual-time-budget=3000"
)
PICTURE = "-c:v libx264 -preset slow -tune stillimage -crf 27"
SOUND = "-c:a aac -b:a 40k -ac 1 -ar 22050"


def main() -> None:
    for storyboard in sorted((ROOT / "scripts/storyboards").glob("*.yaml")):
        render(yaml.safe_load(storyboard.read_text()), name=storyboard.stem)


def render(board: dict, *, name: str) -> None:
    media = COURSES / board["course"] / "media"
    stem = board["file"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        spans, at = [], 0.0
        for number, slide in enumerate(board["slides"]):
            length = _speak(slide["say"], VOICES[board["language"]], work / f"{number}.wav") + PAUSE
            _draw(slide, work, number, len(board["slides"]))
            spans.append((at, at + length))
            at += length
        _join(work, spans, media / f"{stem}.mp4")
        _ffmpeg("-i", work / "0.png", "-q:v", 4, media / f"{stem}.jpg")
    (media / f"{stem}.{board['language']}.vtt").write_text(_captions(board["slides"], spans), encoding="utf-8")
    _write_back(board, name, round(at, 1), spans)


def _speak(text: str, voice: str, target: Path) -> float:
    run("espeak-ng -s 150", "-v", voice, "-w", target, text, check=True)
    with wave.open(str(target)) as sound:
        return sound.getnframes() / sound.getframerate()


def _draw(slide: dict, work: Path, number: int, count: int) -> None:
    points = "".join(f"<li>{html.escape(point)}</li>" for point in slide.get("points", []))
    page = PAGE.format(
        fonts=FONTS,
        title=html.escape(slide["title"]),
        points=points,
        number=number + 1,
        count=count,
        **TONES[0 if number in (0, count - 1) else 1],
    )
    (work / f"{number}.html").write_text(page, encoding="utf-8")
    picture = [f"--screenshot={work}/{number}.png", f"file://{work}/{number}.html"]
    run(CHROMIUM, f"--user-data-dir={work}/profile", *picture, check=True, capture_output=True)


def _join(work: Path, spans: list[tuple[float, float]], target: Path) -> None:
    parts = []
    for number, (start, end) in enumerate(spans):
        part = work / f"{number}.mp4"
        fade = f"fade=t=in:st=0:d=0.35,fade=t=out:st={end - start - 0.25:.2f}:d=0.25"
        slide = ["-loop", 1, "-i", work / f"{number}.png", "-i", work / f"{number}.wav", "-t", f"{end - start:.3f}"]
        _ffmpeg(
            *slide, "-vf", f"{fade},format=yuv420p", "-af", "apad", "-r", 12, *PICTURE.split(), *SOUND.split(), part
        )
        parts.append(f"file '{part}'")
    (work / "parts.txt").write_text("\n".join(parts))
    _ffmpeg("-f", "concat", "-safe", 0, "-i", work / "parts.txt", "-c", "copy", "-movflags", "+faststart", target)


def _ffmpeg(*words: object) -> None:
    run("ffmpeg -y -v error", *words, check=True)


def _captions(slides: list[dict], spans: list[tuple[float, float]]) -> str:
    lines = ["WEBVTT", ""]
    for slide, (start, end) in zip(slides, spans, strict=True):
        sentences = re.split(r"(?<=[.!?])\s+", slide["say"].strip())
        total = sum(map(len, sentences))
        at = start
        for sentence in sentences:
            until = at + (end - PAUSE - start) * len(sentence) / total
            lines += [f"{_time(at)} --> {_time(until)}", sentence, ""]
            at = until
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{seconds % 60:06.3f}"


def _write_back(board: dict, name: str, duration: float, spans: list[tuple[float, float]]) -> None:
    chapters = ", ".join(
        f'{{at: {start:.1f}, title: "{slide["chapter"]}"}}'
        for slide, (start, _end) in zip(board["slides"], spans, strict=True)
        if "chapter" in slide
    )
    activity = next(
        path for path in (COURSES / board["course"]).rglob("*.video.md") if f"{board['file']}.mp4" in path.read_text()
    )
    text = re.sub(r"^duration: .*$", f"duration: {duration}", activity.read_text(encoding="utf-8"), flags=re.M)
    text = re.sub(r"^chapters: .*$", lambda _m: f"chapters: [{chapters}]", text, flags=re.M)
    activity.write_text(text, encoding="utf-8")
    print(f"{name}: {duration} s")


if __name__ == "__main__":
    main()
