"""Seals and time stamps in PDFs (ISO 32000-2, 12.8; PAdES, ETSI EN 319 142-1)."""

import hashlib
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .demonstration import is_reason_of_one
from .report import CLOCKS_DIFFER, Broken, NotInstalled, Report, Signing, hold_to
from .same_seals import remember, same_seal

NEVER = datetime.max.replace(tzinfo=UTC)  # when a seal was set that does not say so


@dataclass(frozen=True)
class Seal:
    """A seal or a time stamp in a PDF: by which key (the SHA-256 of its certificate), and when, for a stamp.

    It `holds` if what it covers is as it was, its signature fits, and nothing was added after it but what it allows
    (ISO 32000-2, 12.8.2) and another seal covers in turn.
    """

    key: str
    signer: str
    reason: str
    holds: bool
    dated: str = ""
    common_name: str = ""  # of the signer, in the form in which two look the same
    made: datetime | None = None  # when, as whoever sealed it says themselves
    is_uncovered: bool = True  # no field came after it that shows something, such as a picture across the page


def seals_in(content: bytes) -> list[Seal]:
    """The seals and time stamps in a PDF, in the order in which they were set. Raises `Broken` for what can't be read."""
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.diff_analysis import ModificationLevel
        from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature, validate_pdf_timestamp
        from pyhanko_certvalidator import ValidationContext
    except ImportError as error:
        raise NotInstalled("The seals of PDFs can’t be checked: install pyHanko (pip install pyHanko).") from error

    if one := same_seal(content):
        return [one]
    proofs = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)
    try:
        found = []
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        signatures = reader.embedded_signatures
        seen = _seen_in(reader)
        last_seal = max((at for at, one in enumerate(signatures) if one.sig_object_type != "/DocTimeStamp"), default=-1)
        for at, signature in enumerate(signatures):
            certificate = signature.signer_cert
            context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
            is_stamp = signature.sig_object_type == "/DocTimeStamp"
            status: Any = (
                validate_pdf_timestamp(signature, validation_context=context)
                if is_stamp
                else validate_pdf_signature(signature, signer_validation_context=context)
            )
            # A value typed into a form, or a picture across a page, is somebody's who sealed it. A time stamp says nothing of who
            # set it: what came after the last seal may prove and date it, and change nothing that people see.
            allowed = (*proofs, ModificationLevel.FORM_FILLING) if at < last_seal else proofs
            is_whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE or (
                signature is not signatures[-1]
                and status.coverage == SignatureCoverageLevel.ENTIRE_REVISION
                and status.modification_level in allowed
            )
            holds = status.intact and status.valid and is_whole and _is_packed(signature.pkcs7_content)
            key, signer = hashlib.sha256(certificate.dump()).hexdigest(), certificate.subject.human_friendly
            reason = str(signature.sig_object.get("/Reason", ""))
            dated = status.timestamp.isoformat() if is_stamp else ""
            name = unicodedata.normalize("NFKC", str(certificate.subject.native.get("common_name", ""))).casefold()
            uncovered = not seen or not seen - _seen_in(reader.get_historical_resolver(signature.signed_revision))
            made = None if is_stamp else _aware(signature.self_reported_timestamp)
            found.append(Seal(key, signer, reason, bool(holds), dated, name, made, uncovered))
        if len(found) == 1 and found[0].holds:
            remember(found[0], signatures[0])
    except Exception as error:  # pyHanko and what it reads with raise a dozen sorts for a hostile PDF
        raise Broken(f"The PDF can’t be read as it was sealed ({type(error).__name__}).") from error
    return found


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time


def revisions(content: bytes) -> set[str]:
    """The fingerprints of all that a PDF may have been before something was added: up to each of its ends, with or without a line’s."""
    digest, at, found = hashlib.sha256(), 0, set()
    for end in re.finditer(rb"%%EOF(\r\n|\r|\n)?", content):
        for until in range(end.start() + 5, end.end() + 1):
            digest.update(content[at:until])
            at = until
            found.add(digest.hexdigest())
    return found


def attached(content: bytes, name: str) -> bytes:
    """A file that is embedded in a PDF (ISO 32000-2, 7.11.4). Raises `Broken` where there is none, or not just one."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        names = PdfFileReader(io.BytesIO(content), strict=False).root["/Names"]["/EmbeddedFiles"]["/Names"]
        [found] = [names[at + 1] for at in range(0, len(names), 2) if names[at] == name]
        return bytes(found["/EF"]["/F"].data)
    except Exception as error:  # pyHanko and what it reads with raise a dozen sorts
        raise Broken(f"The PDF carries no file {name}.") from error


def _seen_in(reader: Any) -> set[str]:
    """The names of the fields for signatures that stand on a page with anything to see (ISO 32000-2, 12.7.5.5)."""
    from pyhanko.sign.fields import enumerate_sig_fields

    fields = [(name, reference.get_object()) for name, _value, reference in enumerate_sig_fields(reader)]
    return {name for name, field in fields if any(map(_has_area, (field, *field.get("/Kids", ()))))}


def _has_area(widget: Any) -> bool:
    left, low, right, high = map(float, widget.get_object().get("/Rect", (0, 0, 0, 0)))
    return left != right and low != high


def _is_packed(contents: bytes) -> bool:
    """Whether nothing but zeros fills what was set aside for the signature (DER, X.690, section 8.1.3)."""
    length = contents[1]
    size = 2 + length if length < 128 else 2 + (length & 127) + int.from_bytes(contents[2 : 2 + (length & 127)])
    return not any(contents[size:])


def on_top(seal: Seal, other: Seal) -> str:
    """That another sealed over a seal, as the rest of a sentence."""
    return (
        "was changed after sealing, by a key that is not the issuer’s: "
        f"“{other.signer}” ({other.key}) over “{seal.signer}” ({seal.key})."
    )


def check_pdf(content: bytes, wanted: frozenset[str]) -> Report:
    """Check the seals and time stamps of a PDF. Raises `Broken`."""
    everything = seals_in(content)
    _in_time(everything)
    stamps, seals = [seal for seal in everything if seal.dated], [seal for seal in everything if not seal.dated]
    if not seals:
        raise Broken("The PDF carries no seal.")
    for stamp in stamps:
        if not stamp.holds:
            raise Broken(f"The PDF was changed after its time stamp ({stamp.signer}).")
    for number, seal in enumerate(seals, start=1):
        if not seal.holds:
            raise Broken(f"The PDF was changed after seal {number} ({seal.signer}).")
    # Whoever signed a document before it was brought to Milepost has a name of their own; who seals under the same one is asked.
    issuer = next((seal for seal in seals if seal.key in wanted), seals[-1] if wanted else seals[0])
    for seal in seals[seals.index(issuer) :]:
        if seal.key != issuer.key and (seal.key not in wanted if wanted else seal.common_name == issuer.common_name):
            raise Broken(f"The PDF {on_top(issuer, seal)}")
    report = Report(key=seals[-1].key, is_demonstration=any(is_reason_of_one(seal.reason) for seal in seals))
    report.holds = [f"Seal {number}: by {seal.signer}; unchanged since." for number, seal in enumerate(seals, start=1)]
    report.holds += [f"Dated {stamp.dated} by {stamp.signer}." for stamp in stamps]
    report.notes += [
        f"That {stamp.signer} dated it, the certificate of the stamp tells: {stamp.key}" for stamp in stamps
    ]
    for number, seal in enumerate(seals, start=1):
        report.signings.append(Signing(f"Seal {number}", seal.key, seal.made or NEVER, _first_stamp(everything, seal)))
    hold_to(wanted, report, {report.key}, "The last seal is by")
    return report


def _first_stamp(everything: Sequence[Seal], seal: Seal) -> datetime | None:
    """What the first time stamp after a seal says."""
    after = everything[everything.index(seal) + 1 :]
    return next((datetime.fromisoformat(one.dated) for one in after if one.dated), None)


def _in_time(seals: Sequence[Seal]) -> None:
    """No time stamp is older than what it dates: anybody can make one, under any name, that says any time."""
    made: datetime | None = None
    for seal in seals:
        if made and seal.dated and datetime.fromisoformat(seal.dated) < made - CLOCKS_DIFFER:
            raise Broken(
                f"The time stamp by {seal.signer} ({seal.dated}) is older than what it dates ({made.isoformat()})."
            )
        if seal.made:
            made = max(made or seal.made, seal.made)
