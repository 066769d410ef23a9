"""What the seals in a PDF say: by whom, over what, and whether a byte changed since."""

import io
import re
from dataclasses import dataclass, field
from datetime import datetime

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import EmbeddedPdfSignature, SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from milepost.core.canonical import fingerprint


@dataclass(frozen=True)
class SealFound:
    """One seal or signature in a PDF.

    `is_intact`: what it covers is as it was, and its signature is mathematically right. `is_whole`: nothing was
    added after it but further signatures. Who the signer is, `fingerprint` (SHA-256 of the certificate) says.
    """

    fingerprint: str
    signer: str
    time: datetime | None
    reason: str
    is_intact: bool
    is_whole: bool


@dataclass(frozen=True)
class Inspection:
    """The seals of a PDF in the order in which they were set; `is_readable` is false for what is no PDF any more."""

    is_readable: bool
    seals: list[SealFound] = field(default_factory=list)


def inspect_pdf(content: bytes) -> Inspection:
    """Read the seals; never raises for hostile content."""
    try:
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        found = [_seal(signature) for signature in reader.embedded_regular_signatures]
    except (
        PdfError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
        NotImplementedError,
        OSError,
    ):
        # The many ways in which a parser learns that bytes are not what they claim to be.
        return Inspection(False)
    return Inspection(True, found)


def _seal(signature: EmbeddedPdfSignature) -> SealFound:
    certificate = signature.signer_cert
    dictionary = signature.sig_object
    try:
        # The certificate itself is the anchor: whether it is one of ours is decided by its fingerprint, elsewhere.
        context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
        status = validate_pdf_signature(signature, signer_validation_context=context)
        is_intact = bool(status.intact and status.valid)
        is_whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE or (
            status.coverage == SignatureCoverageLevel.ENTIRE_REVISION
            and status.modification_level
            in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)
        )
    except (SignatureValidationError, PathError, ValidationError, PdfError, ValueError, KeyError, TypeError):
        is_intact = is_whole = False
    return SealFound(
        fingerprint=fingerprint(certificate.dump()),
        signer=certificate.subject.human_friendly,
        time=signature.self_reported_timestamp,
        reason=str(dictionary.get("/Reason", "")),
        is_intact=is_intact,
        is_whole=is_whole,
    )


def codes_in(content: bytes, pattern: str) -> list[str]:
    """Texts of this pattern that stand in the clear in the file: what a broken PDF still tells about itself."""
    return [found.decode("ascii") for found in re.findall(pattern.encode(), content)]
