"""The keys of a dossier: whose it is, and who handed over to whom."""

import re
from typing import Any

from cryptography import x509

from .archive import Archive
from .report import Broken, Report, hold_to
from .signatures import certificate_in, fingerprint_of, is_signed, unbase64
from .strict_json import read_json

MEMBERS = {"endorsed_by", "endorsement"}


class Keys:
    """Certificates in a dossier by their fingerprints; `known` are those that the key of the manifest goes back to."""

    def __init__(self, archive: Archive, wanted: frozenset[str], report: Report) -> None:
        self.archive, self.wanted, self.report = archive, wanted, report
        self.known: set[str] = set()
        self._certificates: dict[str, x509.Certificate] = {}

    def certificate(self, mark: str) -> x509.Certificate:
        """The one of this fingerprint. Raises `Broken`."""
        if mark not in self._certificates:
            certificate = certificate_in(self.archive.read(f"keys/{mark}.pem"))
            if fingerprint_of(certificate) != mark:
                raise Broken(f"keys/{mark}.pem is another certificate than its name says.")
            self._certificates[mark] = certificate
        return self._certificates[mark]

    def check(self, manifest: dict[str, Any]) -> None:
        """Every key is the manifest's, or leads to it by handing over."""
        told: dict[str, dict[str, str]] = read_json(self.archive.read("keys/keys.json"))
        if odd := [mark for mark, key in told.items() if key.keys() != MEMBERS]:
            raise Broken(f"keys/keys.json does not say who handed over to {odd[0]} as Milepost says it.")
        known, mark = set(), self.report.key
        while mark:
            known.add(mark)
            self.certificate(mark)
            if mark not in told:
                raise Broken(f"keys/keys.json does not tell of the key {mark}.")
            above, signature = told[mark]["endorsed_by"], unbase64(told[mark]["endorsement"])
            if above in known:
                raise Broken(f"The key {above} is said to have handed over to {mark}, which handed over to it.")
            if above and not is_signed(
                self.certificate(above), f"milepost-key-endorsement/1:{mark}".encode(), signature
            ):
                raise Broken(f"The key {above} did not hand over to {mark}.")
            if signature and not above:
                raise Broken(f"keys/keys.json has a signature over {mark}, and does not say by which key.")
            mark = above
        if odd := [mark for mark in told if mark not in known]:
            raise Broken(
                f"keys/keys.json tells of {odd[0]}, which did not hand over to the key that signed the dossier."
            )
        hold_to(self.wanted, self.report, known, "The dossier is signed with")
        for name in manifest["files"]:
            if (found := re.fullmatch(r"keys/([0-9a-f]{64})\.pem", name)) and found[1] not in known:
                raise Broken(f"{name} is a key that did not hand over to the one which signed the dossier.")
        self.known = known
