"""Compliance profiles: which pieces a training action needs. Each is a YAML file, here or in `MILEPOST_DATA/profiles`.

What a piece may be (`from`) and what may be checked (`checks`) is what the rooms contribute (see `people.contributions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from milepost.core.refusals import Refused
from milepost.evidence.contributions import named
from milepost.people.contributions import Need, in_language

SIGNED = ("", "yes", "before-start")


class InvalidProfile(Refused):
    """A profile can't be read; the message names the file, the place, and what to write there."""

    status = 422


@dataclass(frozen=True)
class Profile:
    """What a compliance regime wants to see."""

    name: str
    title: Mapping[str, str]
    kept_years: int
    pieces: tuple[Need, ...]
    checks: tuple[str, ...]

    @property
    def label(self) -> str:
        """The title in the active language."""
        return in_language(self.title)


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name; one in the data folder replaces ours of the same name. Raises `InvalidProfile`."""
    folders = [Path(__file__).parent, settings.ENVIRONMENT.data / "profiles"]
    return {path.stem: read_profile(path) for folder in folders for path in sorted(folder.glob("*.yaml"))}


def read_profile(path: Path) -> Profile:
    """One profile from its file. Raises `InvalidProfile`."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidProfile(f"{path.name} is not YAML: {error}") from error
    try:
        pieces = tuple(_need(path, number, piece) for number, piece in enumerate(content["pieces"], start=1))
        checks = tuple(content.get("checks", ()))
        profile = Profile(path.stem, _words(content["title"]), int(content["kept_years"]), pieces, checks)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidProfile):
            raise
        raise InvalidProfile(f"{path.name}: {error} is missing or of the wrong kind. See docs/profiles.md.") from error
    known = named("checks")
    if unknown := sorted(set(profile.checks) - set(known)):
        raise InvalidProfile(f"{path.name}: there is no check “{unknown[0]}”. There are: {', '.join(known)}.")
    return profile


def _need(path: Path, number: int, piece: dict[str, Any]) -> Need:
    source, per, signed = piece["from"], piece.get("per", "action"), piece.get("signed", "")
    for value, known, name in (
        (source, tuple(named("sources")), "from"),
        (per, ("action", "session", "person"), "per"),
        (signed, SIGNED, "signed"),
    ):
        if value not in known:
            choices = ", ".join(filter(None, known))
            raise InvalidProfile(f"{path.name}, piece {number}: “{name}: {value}” is none of {choices}.")
    return Need(
        key=str(piece["key"]),
        label=_words(piece["label"]),
        source=source,
        per=per,
        kind=str(piece.get("kind", "")),
        signed=signed,
        article=str(piece.get("article", "")),
    )


def _words(label: Any) -> dict[str, str]:
    """A text, or a text by language."""
    if isinstance(label, dict):
        return {str(language): str(words) for language, words in label.items()}
    return {settings.LANGUAGE_CODE: str(label)}
