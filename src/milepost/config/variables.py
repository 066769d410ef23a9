"""`MILEPOST_*` variables by their types. A variable that is set to nothing is not set, as container files often have it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from urllib.parse import SplitResult, urlsplit

from milepost.core.refusals import Refused


class Misconfigured(Refused):
    """A setting is missing or can't be used; the message names the variable and what it should hold."""


@dataclass(frozen=True)
class Variables:
    """What is set, by default for this process. Each reading raises `Misconfigured` for what it can't use."""

    given: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, name: str, default: str = "") -> str:
        """What is set, or the default."""
        return self.given.get(name, "").strip() or default

    def number(self, name: str, default: int) -> int:
        """A whole number from 0."""
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdigit()):
            raise Misconfigured(f"{name}: {text!r} is not a whole number.")
        return int(text)

    def duration(self, name: str, default: str) -> timedelta:
        """Minutes, hours or days, like 30m, 4h or 14d; at least five minutes."""
        text = self.text(name, default)
        parts = re.fullmatch(r"([0-9]{1,5})([mhd])", text)
        if parts is None:
            raise Misconfigured(f"{name}: {text!r} is no time like 30m, 4h or 14d.")
        duration = (
            int(parts[1]) * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[parts[2]]
        )
        if duration < timedelta(minutes=5):
            raise Misconfigured(f"{name}: {text} leaves no time to work. Set 5m or more.")
        return duration

    def flag(self, name: str) -> bool:
        """Whether it is switched on."""
        return self.text(name).lower() in {"1", "true", "yes"}

    def choice(self, name: str, *choices: str) -> str:
        """One of these, by default the first."""
        text = self.text(name, choices[0])
        if text not in choices:
            raise Misconfigured(f"{name}: {text!r} is none of {', '.join(choices)}.")
        return text

    def words(self, name: str) -> list[str]:
        """What stands between commas."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def web_address(self, name: str, meant: str, default: str = "") -> str:
        """An address over HTTP without a slash at its end. `meant` says of what, with an example."""
        url = self.text(name, default).rstrip("/")
        if url:
            parts_of(url, name, schemes={"http", "https"}, use=f"the address of {meant}; or leave it out.")
        return url

    def all_or_none(self, *names: str) -> None:
        """Make sure that these are set together."""
        if len({bool(self.text(name)) for name in names}) > 1:
            raise Misconfigured(f"{' and '.join(names)}: set both, or neither.")


def parts_of(url: str, name: str, *, schemes: set[str], use: str) -> SplitResult:
    """The parts of an address with a host; `use` is what to set instead of one that is none. Raises `Misconfigured`."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # no number for a port, a bracket too many
        is_one = False
    if not is_one:
        raise Misconfigured(f"{name}: {use}")
    return parts


def needs(name: str, *modules: str, extra: str, purpose: str) -> None:
    """Make sure that what an extra of Milepost brings is installed. Raises `Misconfigured`."""
    if any(find_spec(module) is None for module in modules):
        raise Misconfigured(f"{name}: {purpose} needs `pip install 'milepost[{extra}]'`.")
