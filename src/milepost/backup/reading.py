"""Checking a backup from its first byte to its last, as if a stranger had written it.

contents = check(path, passphrase)                       # raises `NoBackup`, `DamagedBackup`, `WrongPassphrase`
for member in read(path, passphrase): ...                # the members once more, to put them back
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from milepost.backup import age, archive
from milepost.backup.archive import DamagedBackup, Member, NoBackup

MOST_JSON = 64 << 20  # bytes of about, secrets and manifest
MOST_PART = 256 << 20  # bytes of a part of rows, once it is open: one row may hold a whole course

_NAMES = re.compile(
    r"(?P<kind>about|secrets|manifest)(?:-(?P<own>[0-9a-f]{64}))?\.json"
    r"|tables/(?P<table>[a-z][a-z0-9_]{0,62})/(?P<part>[0-9]{6})\.jsonl\.z"
    r"|seals/(?P<key>[0-9a-f]{64})/[0-9]{6}\.jsonl"
    r"|files/(?P<organisation>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<digest>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Contents:
    """What a checked backup says of itself."""

    about: dict[str, Any]
    secrets: dict[str, Any]
    manifest: dict[str, Any]

    @property
    def migrations(self) -> set[tuple[str, str]]:
        """The state of its tables."""
        return {(app, name) for app, name in self.about["migrations"]}

    @property
    def rows(self) -> int:
        return sum(total["rows"] for total in self.manifest["tables"].values())

    @property
    def files(self) -> int:
        return int(self.manifest["files"]["count"])


def is_encrypted(path: Path) -> bool:
    """Whether a passphrase is needed. Raises `OSError`."""
    with path.open("rb") as file:
        return file.read(len(age.VERSION)) == age.VERSION


@contextmanager
def _opened(path: Path, passphrase: str) -> Iterator[archive.Source]:
    with path.open("rb") as file:
        yield age.Decrypting(file, passphrase) if is_encrypted(path) else file


def read(path: Path, passphrase: str) -> Iterator[tuple[Member, dict[str, str]]]:
    """Each member, and what its name says: the groups of `_NAMES` that it has. Any other name is refused."""
    with _opened(path, passphrase) as source:
        for member in archive.members(source):
            match = _NAMES.fullmatch(member.name)
            if match is None:
                raise NoBackup
            yield member, {name: value for name, value in match.groupdict().items() if value is not None}


def check(path: Path, passphrase: str) -> Contents:
    """Read all of it and hold it against its digests; nothing is kept. Raises `NoBackup` and its kind."""
    found: dict[str, Any] = {}
    digests: dict[str, str] = {}
    parts, names, count, size = Counter[str](), sha256(), 0, 0
    for member, named in read(path, passphrase):
        if "manifest" in found or ("about" not in found and named.get("kind") != "about"):
            raise NoBackup
        hasher = sha256()
        if kind := named.get("kind"):
            content = member.content(MOST_JSON)
            hasher.update(content)
            found[kind] = _json(content)
            if kind == "manifest" and named.get("own") != hasher.hexdigest():
                raise DamagedBackup
        else:
            for chunk in member.chunks:
                hasher.update(chunk)
        if digest := named.get("digest"):
            if hasher.hexdigest() != digest:
                raise DamagedBackup
            names.update(member.name.encode())
            count, size = count + 1, size + member.size
        elif named.get("kind") != "manifest":
            digests[member.name] = hasher.hexdigest()
        if table := named.get("table"):
            if int(named["part"]) != parts[table]:
                raise DamagedBackup
            parts[table] += 1
    return _agreed(found, digests, {"count": count, "bytes": size, "names": names.hexdigest()})


def _agreed(found: dict[str, Any], digests: dict[str, str], files: dict[str, Any]) -> Contents:
    """What was found, if it is all that the manifest tells of."""
    if found.keys() != {"about", "secrets", "manifest"}:
        raise DamagedBackup
    contents = Contents(found["about"], found["secrets"], found["manifest"])
    try:
        told = {key: contents.manifest["files"][key] for key in files}
        if contents.manifest["members"] != digests or told != files or contents.rows < 0:
            raise DamagedBackup
        is_ours = contents.about["format"].startswith("milepost-backup/") and all(
            isinstance(secret, str) for secret in [contents.secrets["secret"], *contents.secrets["earlier"]]
        )
        contents.migrations, contents.about["version"], contents.about["made_at"], contents.about["tables"].items()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoBackup from error
    if not is_ours:
        raise NoBackup
    return contents


def _json(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedBackup from error
    if not isinstance(parsed, dict):
        raise NoBackup
    return parsed


def lines(member: Member) -> list[bytes]:
    """The rows of a part. Raises `DamagedBackup` for what does not open, or opens to more than `MOST_PART`."""
    opening = zlib.decompressobj()
    try:
        content = opening.decompress(member.content(MOST_PART), MOST_PART)
    except zlib.error as error:
        raise DamagedBackup from error
    if not opening.eof or opening.unconsumed_tail or opening.unused_data:
        raise DamagedBackup
    return content.split(b"\n")[:-1]
