"""What an organisation publishes of its keys (keys.json of its log): which are its own, who handed over to whom, what was revoked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from .report import Broken, Report, Signing
from .signatures import certificate_in, fingerprint_of, is_signed, unbase64
from .strict_json import read_json

KEYS, REVOCATION = "milepost-keys/1", "milepost-key-revocation/1"
MAX_PUBLISHED = 4 * 1024**2  # bytes; a key has some 2,000


@dataclass(frozen=True)
class Revocation:
    """From when on what a key signed is not to be believed, and why, as a later key of the organisation signed."""

    since: datetime
    reason: str


@dataclass(frozen=True)
class Published:
    """The keys of an organisation by their fingerprints, each with the one that handed over to it, and what was revoked."""

    before: Mapping[str, str]
    revoked: Mapping[str, Revocation]

    @classmethod
    def parse(cls, content: bytes) -> "Published":
        """Read keys.json, and hold its signatures. Raises `Broken`."""
        try:
            told = read_json(content)
            if told["type"] != KEYS:
                raise Broken("The published keys are not the keys.json of an organisation’s log.")
            known = {key["fingerprint"]: certificate_in(key["certificate"]) for key in told["keys"]}
            if any(fingerprint_of(certificate) != mark for mark, certificate in known.items()):
                raise Broken("Among the published keys is another certificate than its fingerprint says.")
            before = {key["fingerprint"]: _before(key, known) for key in told["keys"]}
            revoked = {key["fingerprint"]: _revocation(key, known) for key in told["keys"] if key.get("revocation")}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Broken(f"The published keys can’t be read ({type(error).__name__}).") from error
        return cls(before, revoked)

    def accepted(self, wanted: frozenset[str]) -> frozenset[str]:
        """The fingerprints of which one must have signed: any that is published, or, of those that are wanted, each that they led to."""
        if not wanted:
            return frozenset(self.before)
        found = set(wanted)
        while more := {mark for mark, by in self.before.items() if by in found} - found:
            found |= more
        return frozenset(found)

    def hold(self, report: Report) -> None:
        """Raise `Broken` for what was signed after its key was revoked. What says that it is older is told, and whether a stamp shows it."""
        for signing in report.signings:
            if revocation := self.revoked.get(signing.key):
                _hold(signing, revocation, report)
        report.notes.append(
            "Revocations are those of the published keys that were given: a later one is not among them."
        )


def _before(key: Mapping[str, Any], known: Mapping[str, x509.Certificate]) -> str:
    by = key.get("endorsed_by")
    if not by:
        return ""
    words = f"milepost-key-endorsement/1:{key['fingerprint']}".encode()
    if not is_signed(known[by], words, unbase64(key["endorsement"])):
        raise Broken(f"Among the published keys {by} did not hand over to {key['fingerprint']}.")
    return str(by)


def _revocation(key: Mapping[str, Any], known: Mapping[str, x509.Certificate]) -> Revocation:
    text = key["revocation"]["statement"]
    told = read_json(text)
    is_meant = (told["type"], told["key"]) == (REVOCATION, key["fingerprint"]) and told["by"] != told["key"]
    if not is_meant or not is_signed(known[told["by"]], text.encode(), unbase64(key["revocation"]["signature"])):
        raise Broken(f"The revocation of the published key {key['fingerprint']} was not signed by another of them.")
    return Revocation(datetime.fromisoformat(told["since"]), str(told["reason"]))


def _hold(signing: Signing, revocation: Revocation, report: Report) -> None:
    words = f"{signing.key} was revoked: what it signed from {revocation.since.isoformat()} on is not to be believed"
    if signing.time >= revocation.since:
        reason = f" ({revocation.reason})" if revocation.reason else ""
        raise Broken(f"The key {words}{reason}. {signing.what} is of {signing.time.isoformat()}.")
    if signing.dated and signing.dated < revocation.since:
        report.holds.append(
            f"The key {words}. {signing.what} is older, as a time stamp shows: {signing.dated.isoformat()}."
        )
    else:
        report.notes.append(
            f"The key {words}. That {_small(signing.what)} is older ({signing.time.isoformat()}), only says whoever signed it."
        )


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]
