"""The command."""

import argparse
import io
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .checking import verify
from .online import Site
from .published import Published
from .report import Broken, NotInstalled, Progress
from .status_lists import Issuer
from .witnesses import Policy

MAX_MESSAGE = 600  # letters of a line that is shown
MAX_POLICY = 1024 * 1024  # bytes


def main(arguments: Sequence[str] | None = None, *, say: Callable[[str], object] = print) -> int:
    """Check the file that is named, say what was found, and return the exit status (above; 2: it can't be read)."""
    parser = argparse.ArgumentParser(
        prog="milepost verify", description="Check a dossier, a sealed PDF, a badge or the proof of a fact."
    )
    parser.add_argument("file", type=Path, help="the zip, PDF, badge or JSON")
    parser.add_argument("--key", action="append", default=[], help="a fingerprint (SHA-256) that the key may have")
    parser.add_argument("--earlier", type=Path, help="a dossier that you had from the same organisation before")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--witness", action="append", default=[], help="the key of a witness that must have cosigned")
    who.add_argument("--policy", type=Path, help="a file that says which witnesses must have (C2SP tlog-policy)")
    parser.add_argument(
        "--tsa",
        action="append",
        default=[],
        type=Path,
        help="the certificate of a time-stamping authority, or of its root",
    )
    parser.add_argument(
        "--published", type=Path, help="the keys and revocations that the organisation publishes (its keys.json)"
    )
    parser.add_argument("--issuer-keys", type=Path, help="the keys that an issuer of badges publishes (its jwks.json)")
    parser.add_argument("--status-list", type=Path, help="the list of revocations that a badge names (a token)")
    parser.add_argument(
        "--online", metavar="ADDRESS", help="fetch these from the organisation’s page (https://…/log/…/) or site"
    )
    parser.add_argument("--annex", type=Path, help="the list that belongs to an attestation")
    told = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal has no letters for
    logging.getLogger("pyhanko").addHandler(logging.NullHandler())  # else it prints its reasons, as tracebacks
    progress: Progress = _show if sys.stderr.isatty() else lambda _done, _total: None
    path, keys, earlier = told.earlier or told.file, list(told.key), None
    try:
        policy = _policy(told.witness, told.policy)
        published, issuer = _published(told)
        if told.earlier:
            if not _is_zip(path):
                raise Broken("only a dossier tells whose key it must be; others may have sealed this, too.")
            before = verify(path, keys=keys, progress=progress)
            keys, earlier = [*keys, before.key], before.state
            path = told.file
        authorities = [_certificates(file) for file in told.tsa]
        report = verify(
            path,
            keys=keys,
            policy=policy,
            progress=progress,
            published=published,
            issuer=issuer,
            earlier=earlier,
            annex=told.annex,
            authorities=authorities,
        )
    except Broken as error:
        say(f"DOES NOT HOLD: {_plain(error if path == told.file else f'{path}: {error}')}")
        return 1
    except NotInstalled as error:
        say(f"Nothing is said of the file. {error}")
        return 2
    except OSError as error:
        say(f"{error.filename or path} can’t be read: {error.strerror or error}.")
        return 2
    is_known = bool(keys or published)
    word = "holds" if is_known else "fits"  # whoever makes a file with a key of their own gets as far as that
    for line in report.holds:
        say(f"{word}: {_plain(line)}")
    for line in report.notes:
        say(f"note: {_plain(line)}")
    if not published:
        say("note: Whether its key was revoked since was not looked at: see --published and --online.")
    if report.is_demonstration:
        say(
            "This is a demonstration: nobody in it exists, and nothing of it took place. What holds is that nobody changed it since."
        )
        return 4
    if not is_known:
        say("It is consistent with itself. Who issued it was not checked: say with --key which key it must have.")
        return 3
    say("Everything in it holds.")
    return 0


def _policy(witnesses: Sequence[str], file: Path | None) -> Policy:
    if file is None:
        return Policy.of_all(witnesses)
    with file.open("rb") as content:
        return Policy.parse(content.read(MAX_POLICY).decode(errors="replace"))


def _certificates(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(MAX_POLICY)


def _published(told: argparse.Namespace) -> tuple[Published | None, Issuer]:
    """What the organisation publishes, from files, and what there is no file of from its site, if that is named."""
    site = Site(told.online, told.file) if told.online else None
    keys = told.published.read_bytes() if told.published else site.keys() if site else None
    of_issuer = told.issuer_keys.read_bytes if told.issuer_keys else site.issuer_keys if site else None
    status_list = told.status_list.read_bytes if told.status_list else None
    statuses = (lambda _address: status_list()) if status_list else site.status_list if site else None
    return Published.parse(keys) if keys is not None else None, Issuer(of_issuer, statuses)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _plain(words: object) -> str:
    """Words from a file as a terminal may show them: on one line, so that no name in it can write a line of its own."""
    text = str(words)
    text = text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"
    return "".join(c if c.isprintable() or c in "\u00a0\u202f" else f"\\u{ord(c):04x}" for c in text)


def _show(done: int, total: int) -> None:
    """On a terminal, how far it is: the seals of ten thousand documents take a minute."""
    if done % 100 == 0 or done == total:
        sys.stderr.write(f"\r{done} of {total} sealed documents checked" + ("\n" if done == total else ""))
        sys.stderr.flush()
