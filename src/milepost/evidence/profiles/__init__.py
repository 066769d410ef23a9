"""Compliance profiles: which pieces a training action needs. Each is a YAML file, here or in `MILEPOST_DATA/profiles`.

Each rule may say since when and until when it holds: an action is judged by those that were in force on its first day
(`profile_of`), so that a rule that changes rewrites nothing of before.

What a piece may be (`from`) and what may be checked (`checks`) is what the rooms contribute (see `people.contributions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from django.conf import settings

from milepost.core.refusals import Refused
from milepost.evidence.contributions import named
from milepost.people.contributions import Need, in_language

if TYPE_CHECKING:
    from milepost.evidence.models import TrainingAction

SIGNED = ("", "yes", "before-start")
ACTION_END, LAST_PAYMENT_YEAR = "action-end", "last-payment-year"
COUNTED = (ACTION_END, LAST_PAYMENT_YEAR)


class InvalidProfile(Refused):
    """A profile can't be read; the message names the file, the place, and what to write there."""

    status = 422


@dataclass(frozen=True)
class InForce[T]:
    """A rule with the first day on which it holds, and the first on which it does so no more; None: always."""

    rule: T
    since: date | None = None
    until: date | None = None

    def holds(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True)
class Kept:
    """For how many years evidence is kept, and from when on: the end of the action, or of the year of the last payment."""

    years: int
    counted: str = ACTION_END
    article: str = ""


@dataclass(frozen=True)
class Profile:
    """What a compliance regime wants to see on one day. `articles` are those of checks, by their names."""

    name: str
    title: Mapping[str, str]
    kept: Kept
    pieces: tuple[Need, ...]
    checks: tuple[str, ...]
    articles: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The title in the active language."""
        return in_language(self.title)


@dataclass(frozen=True)
class DatedProfile:
    """A profile with all its rules, those to come and those of before, too; a check is its name and its article."""

    name: str
    title: Mapping[str, str]
    kept: tuple[InForce[Kept], ...]
    pieces: tuple[InForce[Need], ...]
    checks: tuple[InForce[tuple[str, str]], ...]

    @property
    def label(self) -> str:
        """The title in the active language."""
        return in_language(self.title)

    def on(self, day: date) -> Profile:
        """What it wants of an action that begins on this day."""
        checks = dict(rule.rule for rule in self.checks if rule.holds(day))
        return Profile(
            self.name,
            self.title,
            next(rule.rule for rule in self.kept if rule.holds(day)),
            tuple(rule.rule for rule in self.pieces if rule.holds(day)),
            tuple(checks),
            checks,
        )


def profile_of(action: "TrainingAction") -> Profile:
    """The rules of the action's profile that were in force on its first day."""
    return profiles()[action.profile].on(action.starts_on)


@cache
def profiles() -> dict[str, DatedProfile]:
    """All profiles by name; one in the data folder replaces ours of the same name. Raises `InvalidProfile`."""
    folders = [Path(__file__).parent, settings.ENVIRONMENT.data / "profiles"]
    return {path.stem: read_profile(path) for folder in folders for path in sorted(folder.glob("*.yaml"))}


def read_profile(path: Path) -> DatedProfile:
    """One profile from its file. Raises `InvalidProfile`."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidProfile(f"{path.name} is not YAML: {error}") from error
    try:
        pieces = tuple(
            _in_force(path, piece, _need(path, number, piece))
            for number, piece in enumerate(content["pieces"], start=1)
        )
        checks = tuple(_check(path, check) for check in content.get("checks", ()))
        profile = DatedProfile(path.stem, _words(content["title"]), _kept(path, content), pieces, checks)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidProfile):
            raise
        raise InvalidProfile(f"{path.name}: {error} is missing or of the wrong kind. See docs/profiles.md.") from error
    known = named("checks")
    if unknown := sorted({check.rule[0] for check in profile.checks} - set(known)):
        raise InvalidProfile(f"{path.name}: there is no check “{unknown[0]}”. There are: {', '.join(known)}.")
    return profile


def _kept(path: Path, content: dict[str, Any]) -> tuple[InForce[Kept], ...]:
    """`kept_years`, or dated rules under `kept`, of which one must hold on any day."""
    if "kept" not in content:
        return (InForce(Kept(int(content["kept_years"]))),)
    rules = []
    for rule in content["kept"]:
        counted = str(rule.get("counted", ACTION_END))
        if counted not in COUNTED:
            raise InvalidProfile(f"{path.name}: “counted: {counted}” is none of {', '.join(COUNTED)}.")
        rules.append(_in_force(path, rule, Kept(int(rule["years"]), counted, str(rule.get("article", "")))))
    days = sorted({day for rule in rules for day in (rule.since, rule.until) if day} | {date.min, date.max})
    if gap := next((day for day in days if not any(rule.holds(day) for rule in rules)), None):
        raise InvalidProfile(f"{path.name}: under “kept” no rule holds on {gap}. Leave “since” out of the first.")
    return tuple(rules)


def _check(path: Path, check: Any) -> InForce[tuple[str, str]]:
    """A name, or a mapping with `check`, and with `article`, `since` and `until` where these are known."""
    rule = check if isinstance(check, dict) else {"check": check}
    return _in_force(path, rule, (str(rule["check"]), str(rule.get("article", ""))))


def _in_force[T](path: Path, told: dict[str, Any], rule: T) -> InForce[T]:
    days = {name: told.get(name) for name in ("since", "until")}
    for name, day in days.items():
        if day is not None and type(day) is not date:
            raise InvalidProfile(f"{path.name}: “{name}: {day}” is no day. Write it as 2025-07-01.")
    return InForce(rule, days["since"], days["until"])


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
