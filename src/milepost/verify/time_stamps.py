"""Time stamps of authorities (RFC 3161) over seals of the journal, and whose authorities they are.

Anybody can make an authority and have it say any time. What a stamp is worth is what its authority is worth to the reader,
who says with `--tsa` which ones count: their certificates, or those of whoever certified them.
"""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .report import CLOCKS_DIFFER, Broken, NotInstalled, Report

_DER = Encoding.DER
UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration, OverflowError)


def clock_of(head: dict[str, Any]) -> str:
    """When the clock said that the head was signed: less than the time, which keeps seals in order, if the clock had gone back."""
    return min(str(head["time"]), str(head.get("clock") or head["time"]))


@dataclass(frozen=True)
class Stamp:
    """A token whose signature fits: when it was made, by which certificate, and what others came with it (asn1crypto)."""

    dated: datetime
    signer: Any
    others: Sequence[Any]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.signer.dump()).hexdigest()

    @property
    def name(self) -> str:
        return str(self.signer.subject.human_friendly)


@dataclass
class Authorities:
    """Those whose stamps count, by what the reader gave (`--tsa`): none for who gave nothing. And what was seen of others."""

    trusted: Sequence[bytes] = ()  # DER
    _known: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)  # from when until when each counts
    _seen: dict[str, Stamp] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Collection[bytes]) -> "Authorities":
        """Those in these files: certificates in PEM, one after the other, or one in DER. Raises `Broken`."""
        found: list[bytes] = []
        for content in files:
            try:
                is_pem = b"-----BEGIN" in content
                many = x509.load_pem_x509_certificates(content) if is_pem else [x509.load_der_x509_certificate(content)]
            except ValueError as error:
                raise Broken("The file that --tsa names holds no certificate, in PEM or DER.") from error
            found += [one.public_bytes(_DER) for one in many]
        return cls(found)

    def check(self, token: bytes, signature: bytes, head: dict[str, Any]) -> Stamp | None:
        """The stamp, if it is over this signature, no older than the head, and by an authority that counts, if any were named.

        None where pyHanko is not installed and nothing was asked. Raises `Broken`.
        """
        try:
            stamp = read_stamp(token, signature)
        except ImportError as error:
            if self.trusted:
                raise NotInstalled("Time stamps can’t be checked: install pyHanko (pip install pyHanko).") from error
            return None
        if stamp.dated < datetime.fromisoformat(clock_of(head)) - CLOCKS_DIFFER:
            raise Broken(
                f"The time stamp ({stamp.dated.isoformat()}) is older than the seal that it dates ({head['time']})."
            )
        self._seen.setdefault(stamp.fingerprint, stamp)
        if self.trusted:
            since, until = self._counts(stamp)
            if not since <= stamp.dated <= until:
                raise Broken(
                    f"The time stamp of {stamp.dated.isoformat()} is by {stamp.name}, which did not count then."
                )
        return stamp

    def tell(self, report: Report, ours: Collection[x509.Certificate]) -> None:
        """Say of each authority that was seen whether anybody vouches for it; `ours` are the organisation's certificates."""
        for fingerprint, stamp in self._seen.items():
            if self.trusted:
                report.holds.append(f"The authority {stamp.name} is one whose stamps count for you.")
            else:
                report.notes.append(
                    f"The authority {stamp.name} is one that nobody vouched for here; --tsa says whose stamps count. Its certificate: {fingerprint}"
                )
            if made_by := _made_by(stamp, ours):
                report.notes.append(
                    f"The authority {stamp.name} {made_by}: that its clock is right, nobody says but whoever made it."
                )

    def _counts(self, stamp: Stamp) -> tuple[datetime, datetime]:
        """From when until when the authority counts, by the certificates that lead to one that was named. Raises `Broken`."""
        if stamp.fingerprint not in self._known:
            path = _path(stamp, self.trusted)
            since, until = max(one.not_valid_before for one in path), min(one.not_valid_after for one in path)
            self._known[stamp.fingerprint] = since, until
        return self._known[stamp.fingerprint]


def read_stamp(token: bytes, signature: bytes) -> Stamp:
    """The stamp in a token (RFC 3161, section 2.4.2). Raises `Broken` for one over something else, or that its certificate does not vouch for."""
    from asn1crypto import cms
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    try:
        signed = cms.ContentInfo.load(token)["content"]
        content = signed["encap_content_info"]["content"]
        imprint, dated = content.parsed["message_imprint"], content.parsed["gen_time"].native
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        if algorithm not in ("sha256", "sha384", "sha512"):
            raise Broken(f"The time stamp is over a hash by {algorithm}, which is none that dates anything.")
        if imprint["hashed_message"].native != hashlib.new(algorithm, signature).digest():
            raise Broken("The time stamp speaks of another seal.")
        [signer] = signed["signer_infos"]
        certificates = [one.chosen for one in signed["certificates"]]
        told = signer["sid"].chosen
        certificate = next(
            one
            for one in certificates
            if (one.serial_number, one.issuer) == (told["serial_number"].native, told["issuer"])
        )
        digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, bytes(content)).digest()
        is_whole, is_by_it = validate_sig_integrity(
            signer, certificate, expected_content_type="tst_info", actual_digest=digest
        )
    except (*UNREADABLE, SignatureValidationError) as error:
        raise Broken(f"The time stamp can’t be read ({type(error).__name__}).") from error
    if not (is_whole and is_by_it):
        raise Broken("The time stamp was changed: its authority’s signature does not fit it.")
    uses = certificate.extended_key_usage_value
    is_critical = "extended_key_usage" in certificate.critical_extensions
    if uses is None or uses.native != ["time_stamping"] or not is_critical:  # RFC 3161, section 2.3
        raise Broken("The time stamp is by a certificate that is not for time stamps alone.")
    if not certificate.not_valid_before <= dated <= certificate.not_valid_after:
        raise Broken(f"The time stamp ({dated.isoformat()}) is by a certificate that was not valid then.")
    return Stamp(dated, certificate, [one for one in certificates if one.dump() != certificate.dump()])


def _path(stamp: Stamp, trusted: Sequence[bytes]) -> list[Any]:
    """The certificates from the stamp's to one of those that count (RFC 5280, section 6.1), as they were then. Raises `Broken`."""
    from asn1crypto.x509 import Certificate
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError

    context = ValidationContext(
        trust_roots=[Certificate.load(one) for one in trusted], moment=stamp.dated, allow_fetching=False
    )
    validator = CertificateValidator(stamp.signer, intermediate_certs=stamp.others, validation_context=context)
    try:
        usage: Any = validator.async_validate_usage(set(), {"time_stamping"}, extended_optional=False)  # type: ignore[no-untyped-call]
        path = asyncio.run(usage)
    except (PathBuildingError, PathValidationError, *UNREADABLE) as error:
        raise Broken(
            f"The time stamp is by {stamp.name} ({stamp.fingerprint}), and that is no authority whose stamps count for you."
        ) from error
    return [stamp.signer, *path.iter_certs(include_root=True)]


def _made_by(stamp: Stamp, ours: Collection[x509.Certificate]) -> str:
    """Of an authority that nobody else stands behind: who made it, as words; else nothing."""
    chain = [stamp.signer, *stamp.others]
    names = {one.subject.public_bytes() for one in ours}
    for one in chain:
        held = x509.load_der_x509_certificate(one.dump())
        if any(held.public_key() == known.public_key() for known in ours) or held.issuer.public_bytes() in names:
            return "was made by the organisation itself"
    return "signed its own certificate" if stamp.signer.self_issued else ""
