"""Sealing a PDF with the organisation's key: PAdES baseline B-B (ETSI EN 319 142-1), or B-T with a time stamp.

The seal is an incremental update, so seals that are there already stay valid. A sealed CMS structure (RFC 5652) of one
key differs from the next only in the document's digest and in the signature: it is built once by pyHanko and then
filled in, which takes a tenth of the time. With a time-stamping authority each seal is built whole.
"""

import asyncio
import io
import logging
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import count
from threading import BoundedSemaphore
from typing import Self

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import load_pem_x509_certificates
from django.utils import translation
from django.utils.translation import gettext as _
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    InvisSigSettings,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.signers import Signer
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest, SignatureObject
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from milepost.documents.tagging import describe
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.journal.organisations import identity_of
from milepost.journal.timestamp_authority import STAMP_BYTES
from milepost.journal.timestamping import authority_at_hand, let_rest

MD = "sha256"
REMOTE_BYTES = 4_096  # beside its certificates, for a structure with one signature
# While it hangs, whoever signs waits for it: of the four threads of a web process (`config/serving.py`) one is left to pages.
_ASKING = BoundedSemaphore(3)

logger = logging.getLogger(__name__)


DEMONSTRATION = "Demonstration."  # before the reason in each seal of one; `milepost verify` reads it


def seal_pdf(pdf: bytes, *, key: SigningKey, time: datetime, reason: str = "", contact: str = "") -> bytes:
    """The PDF with a seal by the key, made at this `time`. `reason` and `contact` stand in the seal, for those who read it.

    The time is that of sealing, never of what the PDF speaks of.

    An authority that does not answer lowers the level to B-B; it never holds up the seal, and `timestamps` asks it again.
    Raises `KeyLocked`, or pyHanko's `PdfReadError` for what is no PDF.
    """
    writer = SealOnlyWriter(io.BytesIO(pdf))
    field = _field_for_seal(writer, key.organisation_name)
    return seal_in(writer, field, key=key, time=time, reason=reason, contact=contact)


def seal_in(
    writer: "SealOnlyWriter",
    field: str,
    *,
    key: SigningKey,
    time: datetime,
    reason: str = "",
    contact: str = "",
    locked: Sequence[str] = (),
) -> bytes:
    """What the writer holds, sealed in the field of this name, which is made where there is none.

    The `locked` fields may not be filled anew by whoever seals later (FieldMDP, ISO 32000-2, 12.8.2.4).
    """
    stamper = None if key.is_with_provider else authority_at_hand()
    words = SealWords(
        key.organisation_name, time.replace(microsecond=0), reason_of(key, reason), contact, tuple(locked)
    )
    return fill_gap(leave_gap(writer, field, words, size=gap_for(key, stamper)), key=key, stamper=stamper)


def reason_of(key: SigningKey, reason: str) -> str:
    """Why something is sealed by the key: of a demonstration, first that it is one."""
    return f"{DEMONSTRATION} {reason}".rstrip() if identity_of(key.organisation_id).is_demonstration else reason


@dataclass(frozen=True)
class SealWords:
    """What stands in a seal: by whom, when, why, how they are reached, and which fields it locks."""

    name: str
    time: datetime
    reason: str = ""
    contact: str = ""
    locked: tuple[str, ...] = ()


@dataclass(frozen=True)
class WithGap:
    """A PDF that is whole but for a gap, from `start` to `end`, into which a seal over the `digest` of the rest goes."""

    content: bytes
    digest: bytes
    start: int
    end: int

    def dump(self) -> bytes:
        """As bytes: what a child process can answer."""
        return _GAP.pack(self.digest, self.start, self.end) + self.content

    @classmethod
    def load(cls, dumped: bytes) -> Self:
        """What was dumped."""
        digest, start, end = _GAP.unpack_from(dumped)
        return cls(dumped[_GAP.size :], digest, start, end)


_GAP = struct.Struct(">32sQQ")


def gap_for(key: SigningKey, stamper: TimeStamper | None) -> int:
    """How large a gap a seal by the key needs, with the stamp of the authority, if there is one."""
    if key.is_with_provider:
        return 2 * (len(key.certificate) + len(key.chain) + REMOTE_BYTES)
    return 2 * (len(_mould(key.pk, key.fingerprint).cms) + (STAMP_BYTES if stamper else 0))


def leave_gap(writer: "SealOnlyWriter", field: str, words: SealWords, *, size: int) -> WithGap:
    """What the writer holds, with a gap for a seal; it needs no key."""
    steps = PdfCMSEmbedder().write_cms(field_name=field, writer=writer)
    next(steps)
    seal = SignatureObject(
        timestamp=words.time,
        subfilter=SigSeedSubFilter.PADES,
        name=words.name,
        reason=words.reason or None,
        contact_info=words.contact or None,
        bytes_reserved=size,
    )
    locked = list(words.locked)
    lock = SigMDPSetup(MD, field_lock=FieldMDPSpec(FieldMDPAction.INCLUDE, locked)) if locked else None
    steps.send(SigObjSetup(sig_placeholder=seal, mdp_setup=lock))
    prepared, output = steps.send(SigIOSetup(md_algorithm=MD, output=io.BytesIO()))
    start, end = prepared.reserved_region_start, prepared.reserved_region_end
    return WithGap(output.getvalue(), prepared.document_digest, start, end)


def fill_gap(file: WithGap, *, key: SigningKey, stamper: TimeStamper | None) -> bytes:
    """The PDF with the seal in its gap. Nothing of the file is read for it."""
    made = _stamped(key, file.digest, stamper) if stamper else _made_elsewhere(key, file.digest)
    output = io.BytesIO(file.content)
    gap = PreparedByteRangeDigest(file.digest, file.start, file.end)
    gap.fill_with_cms(output, made or _mould(key.pk, key.fingerprint).fill(key, file.digest))
    return output.getvalue()


class SealOnlyWriter(IncrementalPdfFileWriter):
    """Adds a seal and nothing else: the metadata, which PDF/A wants as they are, stay to the byte."""

    def _update_meta(self) -> None:
        pass


def _field_for_seal(writer: "SealOnlyWriter", sealer: str) -> str:
    """The name of a new field for a seal that nobody sees.

    The first is told in the document's structure. One after a signature may not change that: it stands outside the page,
    where PDF/UA wants none told (ISO 14289-1, 7.18.1).
    """
    names = {name for name, _value, _field in enumerate_sig_fields(writer)}
    field = next(name for number in count(1) if (name := f"Seal{number}") not in names)
    with translation.override(str(writer.root.get("/Lang", "en"))):
        words = _("Electronic seal of %(name)s") % {"name": sealer}
    unseen = InvisSigSettings(box_out_of_bounds=bool(names))
    append_signature_field(writer, SigFieldSpec(field, invis_sig_settings=unseen, readable_field_name=words))
    if not names:
        describe(writer, writer.root["/AcroForm"]["/Fields"].raw_get(-1), words, is_signed=False)
    return field


class _OpenedSigner(Signer):
    """Signs with a key that is open already; pyHanko's own parses it anew for every document."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        for above in load_pem_x509_certificates(key.chain.encode()) if key.chain else []:
            store.register(asn1_x509.Certificate.load(above.public_bytes(serialization.Encoding.DER)))
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(key.x509.public_bytes(serialization.Encoding.DER)),
            cert_registry=store,
            signature_mechanism=cms.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return bytes(keys.public_key(self._key).key_size // 8) if dry_run else keys.sign(self._key, data)


def _stamped(key: SigningKey, digest: bytes, stamper: TimeStamper) -> bytes | None:
    """The structure with a stamp; None where the authority gives none that can be used, or many ask it at this moment."""
    if not _ASKING.acquire(blocking=False):
        return None
    signer = _OpenedSigner(key)
    try:
        stamped: bytes = asyncio.run(signer.async_sign(digest, MD, use_pades=True, timestamper=stamper)).dump()
    except (OSError, TimestampRequestError) as error:
        logger.warning("A document is sealed without a time stamp for now: the authority gave none (%s).", error)
        let_rest()
        return None
    finally:
        _ASKING.release()
    return stamped


def _made_elsewhere(key: SigningKey, digest: bytes) -> bytes | None:
    """The structure by a key with a provider, who is asked for each once; None for a key that is at hand."""
    if not key.is_with_provider:
        return None
    made: bytes = asyncio.run(_OpenedSigner(key).async_sign(digest, MD, use_pades=True)).dump()
    return made


@dataclass(frozen=True)
class _Mould:
    """A CMS structure with two gaps: the document's digest, and the signature over the signed attributes."""

    cms: bytes
    attributes: bytes
    digest_in_cms: int
    digest_in_attributes: int
    signature: int

    def fill(self, key: SigningKey, digest: bytes) -> bytes:
        """The structure for a document with this digest."""
        attributes = _put(self.attributes, self.digest_in_attributes, digest)
        return _put(_put(self.cms, self.digest_in_cms, digest), self.signature, keys.sign(key, attributes))


@lru_cache(maxsize=64)
def _mould(key_id: int, fingerprint: str) -> _Mould:
    """Made once for each key (and fingerprint: in tests, keys come and go under one number)."""
    key = SigningKey.objects.get(pk=key_id, fingerprint=fingerprint)
    gap = hashes.Hash(hashes.SHA256())
    gap.update(b"the place of a document's digest")
    digest = gap.finalize()
    made = asyncio.run(_OpenedSigner(key).async_sign(digest, MD, use_pades=True))
    info = made["content"]["signer_infos"][0]
    structure, attributes = made.dump(), info["signed_attrs"].untag().dump()
    return _Mould(
        cms=structure,
        attributes=attributes,
        digest_in_cms=structure.index(digest),
        digest_in_attributes=attributes.index(digest),
        signature=structure.index(info["signature"].native),
    )


def _put(into: bytes, at: int, part: bytes) -> bytes:
    return into[:at] + part + into[at + len(part) :]
