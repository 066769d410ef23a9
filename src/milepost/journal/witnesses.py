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
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.journal.models import Seal, SigningKey

FOLDER = "seals"  # in the data folder
LATEST = 64 << 10  # bytes of a file that are looked at after each seal: some sixty lines

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Witness:
    """What a line says: at this size the tree had this root. `where` is the file and the line; no root: it can't be read."""

    size: int
    root: bytes
    where: str


class OtherPast(Refused):
    """What this machine remembers is not what the database says."""

    sentence = gettext_lazy(
        "This machine remembers seals of another journal than the one in the database: entries were changed or taken away, or an earlier state was put"
        " back past `milepost restore`. Tell whoever runs this Milepost: `milepost journal verify` says where."
    )
    status = 503


def add(seal: Seal, *, is_new: bool = True) -> None:
    """Remember the seal, and those before it that could not be remembered; one that is not new, unless it was.

    Half a line that a crash or a full disk left at the end is taken away first, and told of in the log: its seal is in the database.
    """
    path = _path(seal.key.fingerprint)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("ab+") as file:
        flock(file, LOCK_EX)  # nobody else’s line is half-written while we look
        last = _mend(file.fileno(), path)
        if last and last.size >= seal.size and not is_new:
            return
        missed = (
            Seal.objects.filter(key=seal.key, size__gt=last.size, size__lt=seal.size).order_by("size") if last else []
        )
        file.write(b"".join(_line(one) for one in (*missed, seal)))


def _line(seal: Seal) -> bytes:
    return json.dumps({"seal": seal.statement, "signature": bytes(seal.signature).hex()}).encode() + b"\n"


def _mend(file: int, path: Path) -> Witness | None:
    """Take half a line away from the end; return what the last whole line says, None where there is none."""
    size = os.fstat(file).st_size
    end = os.pread(file, 1 << 20, max(0, size - (1 << 20)))  # a line has about a thousand bytes
    whole = end[: end.rfind(b"\n") + 1]
    if torn := len(end) - len(whole):
        os.ftruncate(file, size - torn)
        logger.warning("%s ended in half a line of %s bytes; it was taken away. No seal is lost by it.", path, torn)
    return _read(whole.splitlines()[-1], path.name) if whole else None


def refuse_other_past(organisation_id: int) -> None:
    """Raise `OtherPast` if one of the latest lines of this memory can't be true of the database; `verify` asks all of them."""
    newest = Seal.objects.filter(organisation_id=organisation_id).select_related("key").order_by("number").last()
    if newest is None:
        return
    latest = list(_latest(_path(newest.key.fingerprint)))
    sizes = {witness.size for witness in latest}
    seals = Seal.objects.filter(organisation_id=organisation_id, size__in=sizes).values_list("size", "root")
    said = {size: bytes(root) for size, root in seals}
    for witness in latest:
        if witness.size > newest.size or witness.root != said.setdefault(witness.size, witness.root):
            raise OtherPast


def _latest(path: Path) -> Iterator[Witness]:
    """What the end of the file says, in whole lines."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - LATEST))
            lines = file.read(LATEST).split(b"\n")
    except FileNotFoundError:
        return
    for line in lines[1 if size > LATEST else 0 : -1]:
        yield _read(line, f"{FOLDER}/{path.name}")


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
