"""A second memory of every seal, outside the database: one line a seal in the data folder, one file a key.

Whoever rewrites the database, or takes its newest seals away, does not rewrite these files too. `verify` holds the
tree against every line that this machine has. Copies elsewhere serve the same: those that are sent out each day
(`milepost.anchors.keepers`), a backup, another host; `said_in` reads them.

A memory that is missing or does not begin with the first seal is never made whole in silence: who took it away would have it
say afterwards what the database says. `/readyz` tells of it until somebody has looked and says so (`write_anew`).
"""

import base64
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from fcntl import LOCK_EX, flock
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.journal.models import Seal, SigningKey

FOLDER = "seals"  # in the data folder
LATEST = 64 << 10  # bytes of a file that are looked at after each seal: some sixty lines

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remembered:
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


class ShortMemory(Refused):
    """This machine does not remember all seals of the database."""

    sentence = gettext_lazy(
        "This machine does not remember all seals of this journal: its files of seals were taken away, or it is a new machine. `milepost journal verify"
        " --against FILE` compares with seals that were sent out; `milepost journal remember` begins anew with what the database says."
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
        file.write(b"".join(line_of(one) for one in (*missed, seal)))


def catch_up(organisation_id: int) -> None:
    """Remember the seals since the last one that is remembered, as the next seal would have it: other hosts made them."""
    newest = Seal.objects.filter(organisation_id=organisation_id).select_related("key").order_by("number").last()
    if newest and _path(newest.key.fingerprint).exists():
        add(newest, is_new=False)


def line_of(seal: Seal) -> bytes:
    """The line that stands for the seal: what was signed, and the signature."""
    return json.dumps({"seal": seal.statement, "signature": bytes(seal.signature).hex()}).encode() + b"\n"


def _mend(file: int, path: Path) -> Remembered | None:
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
    sizes = {remembered.size for remembered in latest}
    seals = Seal.objects.filter(organisation_id=organisation_id, size__in=sizes).values_list("size", "root")
    said = {size: bytes(root) for size, root in seals}
    for remembered in latest:
        if remembered.size > newest.size or remembered.root != said.setdefault(remembered.size, remembered.root):
            raise OtherPast


def refuse_short(organisation_id: int) -> None:
    """Raise `ShortMemory` where this machine's memory does not go from the first seal of the newest key to the newest seal."""
    seals = Seal.objects.filter(organisation_id=organisation_id).order_by("number")
    if (newest := seals.select_related("key").last()) is None:
        return
    path, first = _path(newest.key.fingerprint), seals.filter(key=newest.key).first()
    try:
        with path.open("rb") as file:
            begins = _read(file.readline(), path.name).size
    except FileNotFoundError:
        raise ShortMemory from None
    ends = max((one.size for one in _latest(path)), default=0)
    if first is None or begins != first.size or ends < newest.size:
        raise ShortMemory


def forgotten(organisation_id: int) -> int:
    """How many seals of the database this machine does not remember."""
    sizes = {one.size for one in all_of(organisation_id)}
    seals = Seal.objects.filter(organisation_id=organisation_id).values_list("size", flat=True)
    return sum(size not in sizes for size in seals.iterator(2_000))


def write_anew(organisation_id: int) -> int:
    """Have this machine remember what the database says, each file whole or as it was; return how many seals that are.

    For a new machine, and for whoever has held the journal against what others remember.
    """
    count = 0
    for key in SigningKey.objects.filter(organisation_id=organisation_id).order_by("pk"):
        path = _path(key.fingerprint)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with path.open("ab") as kept:
            flock(kept, LOCK_EX)  # no seal is added to a file that is about to be another
            part = path.with_name(f"{path.name}.part")
            with part.open("wb") as file:
                for seal in (
                    Seal.objects.filter(organisation_id=organisation_id, key=key).order_by("number").iterator(500)
                ):
                    file.write(line_of(seal))
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    return count


def said_in(content: bytes, organisation: UUID, name: str) -> list[Remembered]:
    """What a copy that somebody kept says of the organisation's seals: lines of this memory, checkpoints, or lines of a mail.

    Raises `NothingRemembered` for a file that says nothing of them.
    """
    found, lines = [], _text_of(content).split("\n")
    for at, line in enumerate(lines, 1):
        where = f"{name}, line {at}"
        if line.startswith("{"):
            if _organisation_in(line) == str(organisation):
                found.append(_read(line.encode(), where))
        elif words := _LINE.search(line):
            found += _kept(words, organisation, where)
        elif line.endswith(f"/log/{organisation}"):  # the first line of a checkpoint; its size and root follow
            words = _LINE.search(" ".join(lines[at - 1 : at + 2]))
            found += _kept(words, organisation, where) if words else [Remembered(0, b"", where)]
    if not found:
        raise NothingRemembered
    return found


def _text_of(content: bytes) -> str:
    """The text of a file; of a mail as mail programs save it, that of each of its parts."""
    mail = BytesParser(policy=policy.default).parsebytes(content)
    if not mail.get("Message-ID"):
        return content.decode(errors="replace")
    parts = (part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart())
    return "\n".join(part.decode(errors="replace") for part in parts if isinstance(part, bytes))


class NothingRemembered(Refused):
    """A file says nothing of this organisation's seals."""

    sentence = gettext_lazy(
        "This file says nothing of the seals of this organisation: give the file of seals or the checkpoint that was sent, or a text that holds"
        " the line that came with it."
    )
    status = 422


# What a person can keep of a seal: whose log, how many entries, the root over them, and the day.
_LINE = re.compile(r"(?P<origin>\S+/log/(?P<uid>[0-9a-f-]{36})) (?P<size>[0-9]{1,19}) (?P<root>[A-Za-z0-9+/]{43}=)")


def _kept(words: re.Match[str], organisation: UUID, where: str) -> list[Remembered]:
    if words["uid"] != str(organisation):
        return []
    return [Remembered(int(words["size"]), base64.b64decode(words["root"]), where)]


def _organisation_in(line: str) -> str:
    try:
        return str(json.loads(json.loads(line)["seal"])["organisation"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _latest(path: Path) -> Iterator[Remembered]:
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


def all_of(organisation_id: int, folder: Path | None = None) -> Iterator[Remembered]:
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


def _read(line: bytes, where: str) -> Remembered:
    try:
        head = json.loads(json.loads(line)["seal"])
        return Remembered(int(head["size"]), bytes.fromhex(head["root"]), where)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Remembered(0, b"", where)


def logs() -> list[tuple[Path, int]]:
    """Each file of this memory with the bytes that it has now: it is only ever added to."""
    return [(path, path.stat().st_size) for path in sorted(_path("").parent.glob("*.jsonl"))]


def _path(fingerprint: str) -> Path:
    return Path(settings.ENVIRONMENT.data) / FOLDER / f"{fingerprint}.jsonl"
