"""The programs beside Python that tests, pictures and benchmarks drive: each is asked for here, and installed from here.

`make system` runs this file: what is missing is installed by apt where that is allowed, and named otherwise.
A program that is not in the list can't be asked for, so a fresh machine lacks none.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

# Each program with the Debian package that brings it.
PACKAGES = {
    "chromium-headless-shell": "chromium-headless-shell",
    "clamd": "clamav-daemon",
    "git": "git",
    "initdb": "postgresql",
    "ip": "iproute2",
    "msguniq": "gettext",
    "nginx": "nginx-light",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "pdffonts": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "pdfsig": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "pg_ctl": "postgresql",
    "postgres": "postgresql",
    "createdb": "postgresql-client",
    "pgbench": "postgresql",
    "ps": "procps",
    "psql": "postgresql-client",
    "qpdf": "qpdf",
    "redis-server": "redis-server",
    "setpriv": "util-linux",
    "softhsm2-util": "softhsm2",
    "unshare": "util-linux",
    "xgettext": "gettext",
}
# What only those need who make the example videos or the vendored files anew (`scripts/render_videos.py`, `make vendor`), and tests
# that are left out where it is not there: of the verifiers of others and of the second one of ours (`tests/node`).
FOR_AUTHORS = {
    "apt-get": "apt",
    "chromium": "chromium",
    "dpkg-deb": "dpkg",
    "espeak-ng": "espeak-ng",
    "ffmpeg": "ffmpeg",
    "node": "nodejs",
    "npm": "npm",
}


class MissingProgram(RuntimeError):
    """A program is not there; the message says what to install."""


def program(name: str) -> str:
    """The program's path. Raises `MissingProgram` with the package that brings it, `KeyError` for one not in the list."""
    package = (PACKAGES | FOR_AUTHORS)[name]
    path = _path_of(name)
    if path is None:
        raise MissingProgram(f"“{name}” was not found. Install it (Debian: apt-get install {package}), then try again.")
    return path


def run(command: str, *more: object, **options: Any) -> subprocess.CompletedProcess[Any]:
    """`subprocess.run` of a program in the list: `command` is split at spaces, what has spaces itself comes after it."""
    name, *words = command.split()
    return subprocess.run([program(name), *words, *map(str, more)], **options)


def _path_of(name: str) -> str | None:
    """Debian keeps the programs of a PostgreSQL server beside the path, a folder for each version."""
    servers = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(servers[-1]) if servers else shutil.which(name)


def install() -> int:
    """Install the packages whose programs are missing; return the exit status."""
    missing = sorted({package for name, package in PACKAGES.items() if _path_of(name) is None})
    if not missing:
        return 0
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        print(f"The tests need these programs (Debian's names): {' '.join(missing)}. Install them, then try again.")
        return 1
    print(f"Installing {', '.join(missing)} …", flush=True)
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL, "check": True}
    subprocess.run([apt, "update", "-qq"], **quiet)
    subprocess.run([apt, "install", "-y", "-qq", "--no-install-recommends", *missing], **quiet)
    return 0


if __name__ == "__main__":
    sys.exit(install())
