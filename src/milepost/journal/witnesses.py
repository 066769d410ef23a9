"""A second memory of every seal, outside the database: one line a seal in the data folder, one file a key.

Whoever rewrites the database, or takes its newest seals away, does not rewrite these files too. `verify` holds the
tree against every line that this machine has. Copies elsewhere (a backup, another host) serve the same.
"""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

from django.conf import settings

from milepost.journal.models import Seal, SigningKey

FOLDER = "seals"  # in the data folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Witness:
    """What a line says: at this size the tree had this root. `where` is the file and the line; no root: it can't be read."""

    size: int
    root: bytes
    where: str


def add(seal: Seal) -> None:
    """Remember the seal. A crash before this loses a line, never a seal.

    Half a line that a crash or a full disk left at the end is taken away first, and told of in the log: its seal is in the database.
    """
    path = _path(seal.key.fingerprint)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    line = {"seal": seal.statement, "signature": bytes(seal.signature).hex()}
    with path.open("ab+") as file:
        flock(file, LOCK_EX)  # nobody else’s line is half-written while we look
        _mend(file.fileno(), path)
        file.write(json.dumps(line).encode() + b"\n")


def _mend(file: int, path: Path) -> None:
    size = os.fstat(file).st_size
    end = os.pread(file, 1 << 20, max(0, size - (1 << 20)))  # a line has about a thousand bytes
    if torn := len(end) - (end.rfind(b"\n") + 1):
        os.ftruncate(file, size - torn)
        logger.warning("%s ended in half a line of %s bytes; it was taken away. No seal is lost by it.", path, torn)


def all_of(organisation_id: int, folder: Path | None = None) -> Iterator[Witness]:
    """Every seal that this machine remembers, or the folder tells of. Half a line at the end (a crash while it was written) is left out.

    A whole line that can't be read is given as one of size 0 without a root, for `verify` to tell of.
    """
    known = SigningKey.objects.filter(organisation_id=organisation_id)
    for fingerprint in known.order_by("pk").values_list("fingerprint", flat=True):
        path = _path(fingerprint) if folder is None else folder / _path(fingerprint).name
        try:
            file = path.open("rb")
        except FileNotFoundError:
            continue
        with file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield _read(line, f"{FOLDER}/{path.name}, line {number}")


def _read(line: bytes, where: str) -> Witness:
    try:
        head = json.loads(json.loads(line)["seal"])
        return Witness(int(head["size"]), bytes.fromhex(head["root"]), where)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Witness(0, b"", where)


def logs() -> list[tuple[Path, int]]:
    """Each file of this memory with the bytes that it has now: it is only ever added to."""
    return [(path, path.stat().st_size) for path in sorted(_path("").parent.glob("*.jsonl"))]


def _path(fingerprint: str) -> Path:
    return Path(settings.ENVIRONMENT.data) / FOLDER / f"{fingerprint}.jsonl"
