"""What is in a zip by its manifest: which format it is of, who signed it, and that every file is as it says."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .archive import Archive
from .keys import Keys
from .report import Broken, Report, Signing
from .signatures import is_signed, name_of
from .strict_json import read_json

MAX_MANIFEST = 32 * 1024**2


def format_of(archive: Archive) -> str:
    """The format that the manifest names; nothing is believed yet."""
    return str(read_json(archive.read("manifest.json", MAX_MANIFEST)).get("format"))


def manifest_of(archive: Archive, keys: Keys, report: Report, form: str, called: str) -> dict[str, Any]:
    """The manifest of what is `called` so, which is of this format and signed by the key that it names. Raises `Broken`."""
    content = archive.read("manifest.json", MAX_MANIFEST)
    manifest: dict[str, Any] = read_json(content)
    if (of_format := manifest.get("format")) != form:
        raise Broken(
            f"This file is of the format “{of_format}”, and this program reads “{form}”. Take the verify.pyz that the Milepost "
            "which made it publishes, or have it made anew."
        )
    if not (
        isinstance(manifest["organisation"]["id"], str)
        and all(told.keys() == {"sha256", "size"} for told in manifest["files"].values())
    ):
        raise Broken("manifest.json does not say whose it is, or what is in it, as Milepost says it.")
    mark = str(manifest["key"])
    if not re.fullmatch(r"[0-9a-f]{64}", mark):
        raise Broken("manifest.json names no key.")
    certificate = keys.certificate(mark)
    if not is_signed(certificate, content, archive.read("manifest.sig")):
        raise Broken("manifest.json was changed: its signature (manifest.sig) does not fit it.")
    report.key = mark
    report.signings.append(Signing(called, mark, datetime.fromisoformat(manifest["made_at"])))
    report.holds.append(f"The manifest is signed by “{name_of(certificate)}”.")
    return manifest


def pieces_in(manifest: dict[str, Any]) -> set[str]:
    """The fingerprints of its pieces."""
    return {told["sha256"] for name, told in manifest["files"].items() if name.startswith("pieces/")}


def hold_files(
    archive: Archive,
    manifest: dict[str, Any],
    places: re.Pattern[str],
    called: str,
    report: Report,
    what_changed: Callable[[str], str],
) -> None:
    """Every file is as the manifest says and in one of the places where what is `called` so has files, none is missing, none was added. Raises `Broken`."""
    told: dict[str, dict[str, Any]] = manifest["files"]
    there = archive.names - {"manifest.json", "manifest.sig"}
    for name in sorted(told.keys() - there):
        raise Broken(f"{name} is missing.")
    for name in sorted(there - told.keys()):
        raise Broken(f"{name} was added: the manifest does not know it.")
    if odd := [name for name in told if not places.fullmatch(name)]:
        raise Broken(f"{odd[0]} is nothing that Milepost puts into a {called}.")
    for name in sorted(told):
        digest = hashlib.sha256()
        with archive.open(name) as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        if (digest.hexdigest(), archive.size_of(name)) != (told[name]["sha256"], told[name]["size"]):
            raise Broken(f"{name} was changed: {what_changed(name)}")
    report.holds.append(f"{len(told)} files are there, unchanged.")
