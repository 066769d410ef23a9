"""Whether anything that the lock files or the vendored files hold has a known weakness: `make audit`, and a step of `make test`.

OSV (osv.dev: advisories of PyPA, GitHub, npm …) is asked once for everything, then for each advisory that it knows. A weakness
fails with the package, its version, the advisory and the release that mends it. Where nobody can be asked it says “not audited” and
passes: a machine without a network builds, too. What was looked at and concerns us not stands in `requirements/accepted.toml`,
with the reason, and until when; an entry that is over, or that nothing needs any more, fails as well.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import sbom
import vendor

ROOT = Path(__file__).parent.parent
LOCKS = [ROOT / "requirements/base.txt", ROOT / "requirements/dev.txt"]
ACCEPTED = ROOT / "requirements/accepted.toml"
DATABASE = "https://api.osv.dev"
PATIENCE = 10.0  # seconds for each question
LONGEST = 180  # days for which something may be accepted


class NoDatabase(Exception):
    """Nobody can be asked; the message says why."""


@dataclass(frozen=True, order=True)
class Package:
    """Something that a release or its makers use."""

    name: str
    version: str
    ecosystem: str = "PyPI"


@dataclass(frozen=True)
class Weakness:
    """An advisory that concerns a package in the version that we have."""

    package: Package
    advisory: str
    aliases: tuple[str, ...]
    summary: str
    mended: tuple[str, ...]

    def __str__(self) -> str:
        also = f" ({', '.join(self.aliases)})" if self.aliases else ""
        way = f"mended in {', '.join(self.mended)}" if self.mended else "not mended yet"
        return f"{self.package.name} {self.package.version}: {self.advisory}{also}: {self.summary} – {way}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default=DATABASE)
    parser.add_argument("--accepted", type=Path, default=ACCEPTED)
    given = parser.parse_args(arguments)
    known = packages()
    try:
        found = [*weaknesses(known, given.database)]
    except NoDatabase as why:
        print(f"Not audited: no database ({why}).")
        return 0
    accepted = tomllib.loads(given.accepted.read_text(encoding="utf-8")).get("accepted", [])
    troubles = [*unaccepted(found, accepted, today=date.today())]  # noqa: DTZ011 (whoever builds goes by their calendar)
    for trouble in troubles:
        print(trouble)
    print(f"{len(known)} packages audited, {len(found)} known weaknesses, {len(accepted)} accepted.")
    return 1 if troubles else 0


def packages() -> list[Package]:
    """All of the lock files, and what browsers are sent."""
    python = {Package(*pin) for lock in LOCKS for pin in sbom.locked(lock.read_text(encoding="utf-8"))[0].items()}
    return sorted(python | {Package(name, version, "npm") for name, version in vendor.PACKAGES.items()})


def weaknesses(known: list[Package], database: str) -> Iterator[Weakness]:
    """What is known of them. Raises `NoDatabase`."""
    questions = [{"package": {"name": one.name, "ecosystem": one.ecosystem}, "version": one.version} for one in known]
    answers = _ask(f"{database}/v1/querybatch", {"queries": questions}).get("results", [])
    if len(answers) != len(known):
        raise NoDatabase("it answered something else")
    for package, answer in zip(known, answers, strict=True):
        for named in answer.get("vulns", []):
            advisory = _ask(f"{database}/v1/vulns/{quote(named['id'])}")
            if "withdrawn" not in advisory:
                yield _weakness(package, advisory)


def unaccepted(found: list[Weakness], accepted: list[dict[str, Any]], *, today: date) -> Iterator[str]:
    """What keeps this from being released, in words."""
    for entry in accepted:
        names = entry.get("advisory", "?")
        if not entry.get("reason") or not isinstance(entry.get("on"), date) or not isinstance(entry.get("until"), date):
            yield f"accepted.toml: {names} needs a reason, and the days “on” which it was accepted and “until” which."
        elif (entry["until"] - entry["on"]).days > LONGEST or entry["until"] < today:
            yield f"accepted.toml: {names} was accepted until {entry['until']}: look at it again ({LONGEST} days at most)."
        elif not any(entry["advisory"] in (each.advisory, *each.aliases) for each in found):
            yield f"accepted.toml: {names} concerns nothing here any more: remove it."
    names = {entry.get("advisory") for entry in accepted}
    yield from (str(each) for each in found if names.isdisjoint((each.advisory, *each.aliases)))


def _weakness(package: Package, advisory: dict[str, Any]) -> Weakness:
    mended = {
        event["fixed"]
        for affected in advisory.get("affected", [])
        if affected.get("package", {}).get("name", "").lower() == package.name.lower()
        for span in affected.get("ranges", [])
        if span.get("type") != "GIT"
        for event in span.get("events", [])
        if "fixed" in event
    }
    words = str(advisory.get("summary") or advisory.get("details") or "no summary").strip().splitlines()[0][:200]
    return Weakness(package, advisory["id"], tuple(advisory.get("aliases", [])), words, tuple(sorted(mended)))


def _ask(address: str, question: Any = None) -> dict[str, Any]:
    data = None if question is None else json.dumps(question).encode()
    request = Request(address, data, {"Content-Type": "application/json"})  # noqa: S310 (an address of ours)
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            said = json.loads(answer.read())
    except (OSError, ValueError) as error:
        raise NoDatabase(str(error.reason if isinstance(error, URLError) else error)) from error
    if not isinstance(said, dict):
        raise NoDatabase("it answered something else")
    return said


if __name__ == "__main__":
    sys.exit(main())
