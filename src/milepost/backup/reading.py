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

FORMAT = "milepost-backup/1"
FAMILY = "milepost-backup/"

_NAMES = re.compile(
    r"(?P<kind>about|secrets|manifest)(?:-(?P<own>[0-9a-f]{64}))?\.json"
    r"|tables/(?P<table>[a-z][a-z0-9_]{0,62})/(?P<part>[0-9]{6})\.jsonl\.z"
    r"|seals/(?P<key>[0-9a-f]{64})/[0-9]{6}\.jsonl"
    r"|files/(?P<organisation>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<digest>[0-9a-f]{64})"
)


class OtherFormat(NoBackup):
    """The file is a backup of a Milepost that writes them in another way."""

    sentence = "This backup was written in the form of another version of Milepost. Nothing was changed. Install that version here first."


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
            if kind == "about":
                _refuse_other_format(str(found[kind].get("format")))
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
            if member.name in digests:
                raise NoBackup
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
        is_ours = _is_as_we_write(contents)
        told = {key: contents.manifest["files"][key] for key in files}
        is_whole = contents.manifest["members"] == digests and told == files and contents.rows >= 0
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoBackup from error
    if not is_ours:
        raise NoBackup
    if not is_whole:
        raise DamagedBackup
    return contents


def _refuse_other_format(written: str) -> None:
    """By its first member: the others may have other names."""
    if written != FORMAT:
        raise OtherFormat if written.startswith(FAMILY) else NoBackup


def _is_as_we_write(contents: Contents) -> bool:
    """Whether everything that is asked of it later is there, and of its type."""
    about, secrets = contents.about, [contents.secrets["secret"], *contents.secrets["earlier"]]
    shown = [about["version"], about["made_at"], about["database"], *contents.manifest["files"]["lost"]]
    shown += [text for migration in contents.migrations for text in migration]
    about["tables"].items()
    return all(isinstance(text, str) for text in secrets + shown) and all(text.isprintable() for text in shown)


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
