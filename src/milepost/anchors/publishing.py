"""What strangers may read of an organisation's journal, to hold against what they have: C2SP tlog-tiles, read-only, without entries.

An entry is personal data, and its salt is what keeps an erased one from being guessed: only hashes are published, of which
each hides what it stands for. A tile never changes once it is there, so whoever asks may keep it for ever.
"""

import io
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

import milepost.verify
from milepost.anchors import witnessing
from milepost.core.canonical import fingerprint
from milepost.journal import checkpoints, cosigning, log_keys
from milepost.journal.models import (
    Cosignature,
    KeyRevocation,
    LogKey,
    LogKeyEndorsement,
    SealCheckpoint,
    SigningKey,
    Tile,
)
from milepost.journal.notes import in_base64
from milepost.journal.recording import time_text
from milepost.journal.tiles import HASH, LEVELS, WIDTH
from milepost.people.models import Organisation

KEYS = "milepost-keys/1"
UNIX = 3  # the system on which a zip says that it was made
_PLACE = re.compile(r"(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")


def page_of(organisation: Organisation) -> str:
    """Where a stranger reads, in plain words, what to hold something against that the organisation signed."""
    return settings.BASE_URL + reverse("log", args=[organisation.uid])


def tile(organisation_id: int, level: int, place: str) -> bytes | None:
    """The hashes of the tile at this place of its address (`x001/x234/067`, `067.p/12`), or None.

    Given out are those under a checkpoint; of a partial tile any beginning, as every smaller checkpoint had one of them.
    """
    found = _PLACE.fullmatch(place)
    newest = checkpoints.newest(organisation_id)
    if found is None or newest is None or level > 7:
        return None
    index, width = int(re.sub("[x/]", "", found["index"])), int(found["width"] or WIDTH)
    if width > (WIDTH if found["width"] is None else WIDTH - 1) or found["index"] != place_of(index):
        return None
    if (index * WIDTH + width) << (level * LEVELS) > newest.seal.size:
        return None
    row = Tile.objects.filter(organisation_id=organisation_id, level=level, index=index).only("hashes").first()
    return bytes(row.hashes)[: width * HASH] if row and len(row.hashes) >= width * HASH else None


def place_of(index: int) -> str:
    """A tile's number as its address has it: three digits each, an x before all but the last."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
    return "".join(f"x{part}/" for part in above) + last


def keys_of(organisation: Organisation) -> dict[str, Any]:
    """Every key that the organisation ever signed with, who handed over to whom, what was revoked, and the keys of its log."""
    keys = SigningKey.objects.filter(organisation_id=organisation.pk).order_by("pk")
    revoked = {one.key_id: one for one in KeyRevocation.objects.filter(key__in=keys).select_related("by")}
    return {
        "type": KEYS,
        "organisation": {"id": str(organisation.uid), "name": organisation.name},
        "keys": [_key(key, revoked.get(key.pk)) for key in keys],
        "logs": [_log_key(key) for key in LogKey.objects.filter(organisation_id=organisation.pk).order_by("pk")],
        "witnesses": [{"vkey": str(one.key), "address": one.url} for one in cosigning.witnesses()],
    }


def _key(key: SigningKey, revocation: KeyRevocation | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "fingerprint": key.fingerprint,
        "certificate": key.certificate,
        "since": time_text(key.created_at),
        "is_current": key.is_current,
        "endorsed_by": key.endorsed_by or None,
        "endorsement": in_base64(bytes(key.endorsement)) or None,
    }
    if revocation:
        said["revocation"] = {"statement": revocation.statement, "signature": in_base64(bytes(revocation.signature))}
    return said


def _log_key(key: LogKey) -> dict[str, Any]:
    endorsements = LogKeyEndorsement.objects.filter(log_key=key).order_by("pk").select_related("by")
    return {
        "vkey": str(log_keys.verifier_key(key)),
        "is_current": key.is_current,
        "endorsements": {one.by.fingerprint: in_base64(bytes(one.signature)) for one in endorsements},
    }


def cosigned_by(organisation: Organisation) -> list[tuple[str, Cosignature | None]]:
    """Each configured witness by its name, with what it signed last of this journal."""
    of_ours = Cosignature.objects.filter(checkpoint__seal__organisation_id=organisation.pk)
    return [
        (
            witness.key.name,
            of_ours.filter(witness=str(witness.key)).select_related("checkpoint__seal").order_by("-time").first(),
        )
        for witness in cosigning.witnesses()
    ]


def newest(organisation: Organisation) -> SealCheckpoint | None:
    """The organisation's newest checkpoint."""
    return checkpoints.newest(organisation.pk)


@cache
def verify_program() -> tuple[bytes, str]:
    """`verify.pyz`, the program that checks what was given out, and its SHA-256."""
    content = zipapp_of(Path(milepost.verify.__file__).parent)
    return content, fingerprint(content)


STARTS = """import runpy
import sys

if sys.version_info < (3, 12):
    print("This program needs Python 3.12 or later. Nothing was checked.")
    sys.exit(2)
try:
    runpy.run_module("{package}", run_name="__main__")
except ImportError as error:
    name = str(error.name).partition(".")[0]
    print("Nothing was checked: install " + name + " (pip install " + name + ").")
    sys.exit(2)
"""


def zipapp_of(package: Path) -> bytes:
    """A package as one file that Python runs (PEP 441), with its sources as they are: of the same sources the same bytes.

    So nothing in it depends on the machine or the day, or on how a library packs.
    """
    sources = {f"{package.name}/{path.name}": path.read_bytes() for path in sorted(package.glob("*.py"))}
    starts = STARTS.format(package=package.name)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, source in {"__main__.py": starts.encode(), **sources}.items():
            info = zipfile.ZipInfo(name)  # of 1980, which is the first day that a zip knows
            info.create_system, info.external_attr = UNIX, 0o644 << 16
            archive.writestr(info, source)
    return content.getvalue()


def witness_vkey() -> str:
    """The key of this installation as a witness of others; empty where it is none."""
    return str(witnessing.verifier_key(witnessing.witness_key())) if witnessing.logs() else ""
