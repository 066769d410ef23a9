"""The keys of a dossier: whose it is, and who handed over to whom."""

import base64
import re
from typing import Any

from cryptography import x509

from .archive import Archive
from .report import Broken, Report, hold_to
from .signatures import fingerprint_of, is_signed
from .strict_json import read_json


class Keys:
    """Certificates in a dossier by their fingerprints; `known` are those that the key of the manifest goes back to."""

    def __init__(self, archive: Archive, wanted: frozenset[str], report: Report) -> None:
        self.archive, self.wanted, self.report = archive, wanted, report
        self.known: set[str] = set()
        self._certificates: dict[str, x509.Certificate] = {}

    def certificate(self, mark: str) -> x509.Certificate:
        """The one of this fingerprint. Raises `Broken`."""
        if mark not in self._certificates:
            certificate = x509.load_pem_x509_certificate(self.archive.read(f"keys/{mark}.pem"))
            if fingerprint_of(certificate) != mark:
                raise Broken(f"keys/{mark}.pem is another certificate than its name says.")
            self._certificates[mark] = certificate
        return self._certificates[mark]

    def check(self, manifest: dict[str, Any]) -> None:
        """Every key is the manifest's, or leads to it by handing over."""
        told: dict[str, dict[str, str]] = read_json(self.archive.read("keys/keys.json"))
        known, mark = set(), self.report.key
        while mark:
            known.add(mark)
            self.certificate(mark)
            above = told.get(mark, {}).get("endorsed_by", "")
            if above and above not in known:
                text = f"milepost-key-endorsement/1:{mark}".encode()
                if not is_signed(self.certificate(above), text, base64.b64decode(told[mark]["endorsement"])):
                    raise Broken(f"The key {above} did not hand over to {mark}.")
            mark = above if above not in known else ""
        hold_to(self.wanted, self.report, known, "The dossier is signed with")
        for name in manifest["files"]:
            if (found := re.fullmatch(r"keys/([0-9a-f]{64})\.pem", name)) and found[1] not in known:
                raise Broken(f"{name} is a key that did not hand over to the one which signed the dossier.")
        self.known = known
