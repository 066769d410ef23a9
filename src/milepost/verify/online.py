"""What an organisation publishes, fetched from its site: only when whoever checks asks for it, and says from where."""

import ipaddress
import re
import urllib.error
import urllib.request  # never: network (core.fetching is not there: it stands alone)
import zipfile
from concurrent.futures import Future
from http.client import HTTPException  # never: network (as above: what it raises)
from pathlib import Path
from threading import Thread
from typing import IO, Any
from urllib.parse import urlsplit

from .report import Broken
from .strict_json import read_json

MOST, SECONDS = 4 * 1024**2, 20
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PAGE = re.compile(rf"/log/({_UID.pattern})/?")


class Site:
    """The site of an organisation: by the address of its page (https://…/log/…/), or where Milepost is found on it."""

    def __init__(self, address: str, file: Path) -> None:
        """For what is to be checked in `file`, which says whose it is if the address does not. Raises `Broken`."""
        self.address = address if "://" in address else f"https://{address}"
        parts = urlsplit(self.address)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        found = _PAGE.fullmatch(parts.path)
        self.organisation = found[1] if found else _organisation_in(file)
        if not _UID.fullmatch(self.organisation):  # it goes into addresses on the site, where others may put files
            raise Broken("This file does not say whose it is: name the organisation’s page, https://…/log/…/.")
        self._page = self.address.rstrip("/") if found else ""

    def keys(self) -> bytes:
        """The keys.json of the organisation’s log."""
        if self._page:
            return fetch(f"{self._page}/keys.json")
        said = read_json(fetch(f"{self.address.rstrip('/')}/.well-known/milepost.json"))
        return fetch(self._of_this_site(str(said["keys"]).replace("{organisation}", self.organisation)))

    def issuer_keys(self) -> bytes:
        """The jwks.json of the organisation as an issuer of badges."""
        return fetch(f"{self.origin}/issuers/{self.organisation}/jwks.json")

    def status_list(self, address: str) -> bytes:
        """The list of revocations that a badge names, if it lies on this site."""
        return fetch(self._of_this_site(address))

    def _of_this_site(self, address: str) -> str:
        if not address.startswith(f"{self.origin}/"):
            raise Broken(
                f"{address} is not on the site that you named ({self.origin}); nothing was fetched from there."
            )
        return address


def fetch(address: str) -> bytes:
    """What lies at an address, within bounds of size and time; no redirect is followed. Raises `Broken`."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname or "")):
        raise Broken(f"{address} was not fetched: only https shows that nobody on the way changed the answer.")
    found: Future[bytes] = Future()
    Thread(target=_settle, args=(found, address), daemon=True).start()
    try:
        return found.result(SECONDS)
    except TimeoutError as error:
        raise Broken(f"{address} answers for more than {SECONDS} seconds.") from error
    except (OSError, ValueError, HTTPException) as error:
        raise Broken(f"{address} can’t be fetched: {error}. Without --online it is not asked.") from error


def _settle(found: "Future[bytes]", address: str) -> None:
    """In a thread of its own: a server that says a header now and then is within every bound but that of all together."""
    try:
        found.set_result(_read(address))
    except Exception as error:  # whatever it is, it is raised where somebody waits for it
        found.set_exception(error)


def _read(address: str) -> bytes:
    opener = urllib.request.build_opener(_NoRedirect)
    request = urllib.request.Request(address, headers={"User-Agent": "milepost-verify"})  # noqa: S310 (https, or this machine)
    with opener.open(request, timeout=SECONDS) as answer:
        content: bytes = answer.read(MOST + 1)
    if len(content) > MOST:
        raise Broken(f"{address} answers with more than {MOST >> 20} MB.")
    return content


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _organisation_in(file: Path) -> str:
    """Whose a dossier or a proof says that it is; the check holds it."""
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive, archive.open("manifest.json") as manifest:
                return str(read_json(manifest.read(MOST))["organisation"]["id"])
        with file.open("rb") as content:
            return str(read_json(read_json(content.read(MOST))["seal"]["statement"])["organisation"])
    except OSError:
        raise
    except Exception as error:
        raise Broken(
            "This file does not say whose it is in a way that can be looked up: name the organisation’s page, https://…/log/…/."
        ) from error
