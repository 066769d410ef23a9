"""Collect the texts of every room for translation, and compile what is translated (`make messages`; needs gettext).

A room's catalogue lies in the room: `src/milepost/<room>/locale/<language>/LC_MESSAGES/django.po`.
"""

import re
import subprocess
import sys
from pathlib import Path

from programs import run

from milepost.config.languages import CODES, SOURCE

ROOT = Path(__file__).parent.parent / "src/milepost"


def main() -> None:
    for application in sorted(ROOT.rglob("apps.py")):
        (application.parent / "locale").mkdir(exist_ok=True)
    for catalogue in ROOT.rglob("django.po"):  # two branches that both brought a text leave it twice
        run("msguniq --use-first --no-wrap --output-file", catalogue, catalogue, check=True)
    collect(ROOT)
    django_admin(ROOT, "compilemessages", "--settings", "milepost.config.settings")


def collect(root: Path) -> None:
    """Bring every catalogue under `root` up to date; what is new there has no translation yet."""
    languages = [f"--locale={language}" for language in CODES if language != SOURCE]
    django_admin(root, "makemessages", *languages, "--no-obsolete", "--no-wrap", "--no-location")
    for catalogue in root.rglob("django.po"):
        text = catalogue.read_text(encoding="utf-8")
        # The date says nothing that git does not say better, and would be a conflict in every merge.
        text = re.sub(r'^"POT-Creation-Date:.*\n', "", text, flags=re.M)
        catalogue.write_text(unbroken(text) if "fr" in catalogue.parts else text, encoding="utf-8")


def unbroken(catalogue: str) -> str:
    """A French catalogue in whose translations no line ends between a word and the sign that a space sets off from it."""

    def of(found: re.Match[str]) -> str:
        is_header = "Plural-Forms" in found[0]  # whose formula is no French
        return found[0] if is_header else re.sub(r"(?<=«) | (?=[»:;?!]|%%)", "\N{NO-BREAK SPACE}", found[0])

    return re.sub(r'^msgstr.*\n(?:".*\n)*', of, catalogue, flags=re.MULTILINE)


def django_admin(folder: Path, *words: str) -> None:
    command = [Path(sys.executable).parent / "django-admin", *words]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
