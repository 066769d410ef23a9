"""The server's secret: from its variable, or made and kept in the data folder where no variable gives it."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from milepost.config.variables import Misconfigured, Variables

SECRET, FALLBACKS = "MILEPOST_SECRET_KEY", "MILEPOST_SECRET_KEY_FALLBACKS"
SECRET_FILE, EARLIER_FILE = "secret-key", "earlier-secret-keys"  # in the data folder
_EXAMPLE = "for example from `python3 -c 'import secrets; print(secrets.token_urlsafe(50))'`."


def secret(variables: Variables, data: Path) -> str:
    """The secret of now; without a variable, the one in the data folder, which is made at the first start."""
    if given := variables.text(SECRET):
        if len(given) < 32:
            raise Misconfigured(f"{SECRET}: at least 32 characters, {_EXAMPLE}")
        return given
    if variables.text("MILEPOST_DATABASE_URL").startswith("postgres"):
        # Several hosts share one PostgreSQL: a key that each made for itself would sign people out at random.
        raise Misconfigured(f"{SECRET}: set it when MILEPOST_DATABASE_URL is set, the same on every host, {_EXAMPLE}")
    kept = data / SECRET_FILE
    if not kept.exists():
        try:
            _make(kept)
        except OSError as error:
            raise Misconfigured(
                f"MILEPOST_DATA: the server’s secret can’t be written into {data} ({error.strerror}). Make room there, or set {SECRET}."
            ) from error
    return kept.read_text().strip()


def _make(kept: Path) -> None:
    """A new secret in this file, whole or not at all; of two processes that start at once, one makes it."""
    with NamedTemporaryFile("w", dir=kept.parent, prefix=f"{kept.name}.") as written:  # for oneself alone (0600)
        written.write(secrets.token_urlsafe(50))
        written.flush()
        os.fsync(written.fileno())
        with suppress(FileExistsError):
            kept.hardlink_to(written.name)


def earlier_secrets(variables: Variables, data: Path) -> list[str]:
    """Secrets of before, under which things were made that still hold."""
    if variables.text(FALLBACKS) or variables.text(SECRET):
        return variables.words(FALLBACKS)
    kept = data / EARLIER_FILE
    return kept.read_text().split() if kept.exists() else []


def put(data: Path, current: str, earlier: list[str]) -> None:
    """Put these secrets into the data folder. Those there were count among the earlier ones: killed in the middle, all hold."""
    kept, kept_earlier = data / SECRET_FILE, data / EARLIER_FILE
    before = [word for path in (kept, kept_earlier) if path.exists() for word in path.read_text().split()]
    others = dict.fromkeys([*earlier, *before])
    others.pop(current, None)
    replace(kept_earlier, "".join(f"{secret}\n" for secret in others))
    replace(kept, current)


def renew(data: Path) -> None:
    """Put a new secret into the data folder; the one there was is the first of the earlier ones from then on.

    Killed in the middle, the secret of before is still in place, and named among the earlier ones once too often.
    """
    current, earlier = data / SECRET_FILE, data / EARLIER_FILE
    before = [current.read_text().strip(), *(earlier.read_text().split() if earlier.exists() else [])]
    replace(earlier, "\n".join(dict.fromkeys(before)) + "\n")
    replace(current, secrets.token_urlsafe(50))


def replace(path: Path, text: str) -> None:
    """Write the text into a file for oneself alone, whole or not at all."""
    written = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
