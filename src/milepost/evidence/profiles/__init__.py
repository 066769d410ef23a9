"""Compliance profiles: which pieces a training action needs. Each is a YAML file, here or in `MILEPOST_DATA/profiles`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.utils.translation import get_language

from milepost.core.refusals import Refused

SOURCES = ("document", "sheet", "certificate", "file")
CHECKS = ("titles", "hours", "published", "holidays", "one-signature-a-half-day", "signatures")
SIGNED = ("", "yes", "before-start")


class InvalidProfile(Refused):
    """A profile can't be read; the message names the file, the place, and what to write there."""

    status = 422


@dataclass(frozen=True)
class Wanted:
    """A piece that the profile wants. `source` is document, sheet, certificate or file; `per` action, session or person."""

    key: str
    label: Mapping[str, str]
    source: str
    per: str = "action"
    kind: str = ""  # of document
    signed: str = ""
    article: str = ""

    @property
    def name(self) -> str:
        """The label in the active language."""
        return told_in(self.label)


@dataclass(frozen=True)
class Profile:
    """What a compliance regime wants to see."""

    name: str
    title: Mapping[str, str]
    kept_years: int
    pieces: tuple[Wanted, ...]
    checks: tuple[str, ...]

    @property
    def label(self) -> str:
        """The title in the active language."""
        return told_in(self.title)


def told_in(words: Mapping[str, str]) -> str:
    """The words in the active language, or in English, or in whatever there is."""
    return words.get((get_language() or "en")[:2]) or words.get("en") or next(iter(words.values()))


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name; one in the data folder replaces ours of the same name. Raises `InvalidProfile`."""
    folders = [Path(__file__).parent, settings.ENVIRONMENT.data / "profiles"]
    return {path.stem: read_profile(path) for folder in folders for path in sorted(folder.glob("*.yaml"))}


def read_profile(path: Path) -> Profile:
    """One profile from its file. Raises `InvalidProfile`."""
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidProfile(f"{path.name} is not YAML: {error}") from error
    try:
        pieces = tuple(_wanted(path, number, piece) for number, piece in enumerate(told["pieces"], start=1))
        profile = Profile(
            path.stem, _words(told["title"]), int(told["kept_years"]), pieces, tuple(told.get("checks", ()))
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidProfile):
            raise
        raise InvalidProfile(f"{path.name}: {error} is missing or of the wrong kind. See docs/profiles.md.") from error
    unknown = set(profile.checks) - set(CHECKS)
    if unknown:
        raise InvalidProfile(f"{path.name}: there is no check “{sorted(unknown)[0]}”. There are: {', '.join(CHECKS)}.")
    return profile


def _wanted(path: Path, number: int, told: dict[str, Any]) -> Wanted:
    source, per, signed = told["from"], told.get("per", "action"), told.get("signed", "")
    for value, known, name in (
        (source, SOURCES, "from"),
        (per, ("action", "session", "person"), "per"),
        (signed, SIGNED, "signed"),
    ):
        if value not in known:
            raise InvalidProfile(
                f"{path.name}, piece {number}: “{name}: {value}” is none of {', '.join(filter(None, known))}."
            )
    return Wanted(
        str(told["key"]),
        _words(told["label"]),
        source,
        per,
        str(told.get("kind", "")),
        signed,
        str(told.get("article", "")),
    )


def _words(told: Any) -> dict[str, str]:
    return (
        {str(language): str(words) for language, words in told.items()} if isinstance(told, dict) else {"en": str(told)}
    )
