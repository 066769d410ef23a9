"""A second memory of every seal, outside the database: one line a seal in the data folder, one file a key.

Whoever rewrites the database, or takes its newest seals away, does not rewrite these files too. `verify` holds the
tree against every line that this machine has. Copies elsewhere (a backup, another host) serve the same.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from milepost.journal.models import Seal, SigningKey


@dataclass(frozen=True)
class Witness:
    """What a line says: at this size the tree had this root."""

    size: int
    root: bytes


def add(seal: Seal) -> None:
    """Remember the seal. A crash before this loses a line, never a seal."""
    path = _path(seal.key.fingerprint)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    line = {"seal": seal.statement, "signature": bytes(seal.signature).hex()}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def all_of(organisation_id: int) -> Iterator[Witness]:
    """Every seal that this machine remembers. Half a line at the end (a crash while it was written) is left out."""
    known = SigningKey.objects.filter(organisation_id=organisation_id)
    for fingerprint in known.values_list("fingerprint", flat=True):
        try:
            lines = _path(fingerprint).read_text(encoding="utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            continue
        for line in lines:
            if line.endswith("\n"):
                head = json.loads(json.loads(line)["seal"])
                yield Witness(head["size"], bytes.fromhex(head["root"]))


def _path(fingerprint: str) -> Path:
    return Path(settings.ENVIRONMENT.data) / "seals" / f"{fingerprint}.jsonl"
