"""Dating what was sealed: the time stamps that an authority owes, and what makes a signature hold when keys have ended.

Signing never waits for the authority: the stamp that it gives at once is put in by `sealing`. What was signed while it
did not answer gets a document time stamp as soon as it does (level B-T of ETSI EN 319 142-1). Where the key has an issuer
who says which certificates are revoked, its answers are embedded (B-LT) and the time stamp is put over them (B-LTA). All
of it is an incremental update: signatures stay.
"""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from asn1crypto import pem, x509
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from milepost.core import blobs, clock
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.journal.recording import SYSTEM, record
from milepost.journal.timestamping import NoStamp, authority, let_rest
from milepost.journal.vocabulary import FactType

logger = logging.getLogger(__name__)
sources: Registry["Source"] = Registry("source of files to date")


@dataclass(frozen=True)
class Source:
    """Rows whose files others date and seal: `Dated` ones with a `pdf` that is whole.

    `sealed` is the fact that is recorded of each, `made_at` the field that says when it was made.
    """

    whole: Callable[[], "QuerySet[Any]"]
    sealed: FactType
    made_at: str

    def waiting(self) -> "QuerySet[Any]":
        """Those that no authority has dated yet."""
        return self.whole().filter(dated_at=None)


class FileGone(Refused):
    """What is to be dated is not in the store any more, or is damaged."""


def register(name: str, whole: Callable[[], "QuerySet[Any]"], sealed: FactType, *, made_at: str) -> None:
    """Have rows dated and sealed, as `Source` says."""
    sources.register(name, Source(whole, sealed, made_at))


def is_owed() -> bool:
    """Whether an authority is configured and owes a stamp."""
    return next(owed(), None) is not None


def owed() -> Iterator[tuple[int, str, int]]:
    """What an authority owes a stamp, in all organisations: its organisation, source and key."""
    if authority() is not None:
        for name, source in sources.items():
            rows = source.waiting().order_by("pk").values_list("organisation_id", "pk")
            for organisation_id, number in rows.iterator():
                yield organisation_id, name, number


def date(*, source: str, number: int) -> bool:
    """Date the file of one row; False when nothing is owed any more. Raises `NoStamp`, `FileGone`."""
    files = sources.get(source)
    row = files.waiting().filter(pk=number).select_related("organisation").first()
    if row is None or authority() is None:
        return False
    from pyhanko.sign.timestamps import TimestampRequestError

    try:
        return _date_row(row, files.sealed)
    except blobs.Unreadable as error:
        raise FileGone(_("The file of %(thing)s is gone: it can’t be dated.") % {"thing": row}) from error
    except (OSError, TimestampRequestError) as error:
        let_rest()
        raise NoStamp(str(error)) from error


def _date_row(row: Any, sealed: FactType) -> bool:
    """Date one row's file; False when somebody signed in the same moment. Records that it was sealed, if it changed."""
    before = row.pdf
    content = blobs.read(row.organisation.uid, before)
    dated = date_pdf(content, key=keys.current_key(row.organisation_id))
    after = blobs.store(row.organisation.uid, dated) if dated is not content else before
    with transaction.atomic():
        same = type(row)._default_manager.filter(pk=row.pk, pdf=before)
        if not same.update(pdf=after, dated_at=clock.now()):
            return False
        if after != before:
            result, context = {"sha256": after, "document_sha256": before}, {"what": "time stamp", **row.file_context}
            record(
                sealed,
                organisation=row.organisation,
                actor=SYSTEM,
                object=row.as_reference(),
                result=result,
                context=context,
            )
    return True


def date_pdf(content: bytes, *, key: SigningKey) -> bytes:
    """The PDF with what it lacks: the same object if it lacks nothing. Raises `OSError`, `TimestampRequestError`."""
    return asyncio.run(_date(content, key))


async def _date(content: bytes, key: SigningKey) -> bytes:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import InvisSigSettings
    from pyhanko.sign.signers import PdfTimeStamper
    from pyhanko.sign.signers.pdf_signer import TimestampDSSContentSettings

    from milepost.documents.sealing import MD, SealOnlyWriter
    from milepost.journal.timestamp_authority import STAMP_BYTES

    stamper = authority()
    assert stamper is not None  # noqa: S101 (the caller asked)
    signatures = list(PdfFileReader(io.BytesIO(content), strict=False).embedded_regular_signatures)
    context = _context(key, (await stamper.async_dummy_response(MD))["content"]["certificates"]) if key.chain else None
    paths = [path async for path in _paths(signatures, context)] if context else []
    if not paths and all(_is_stamped(signature) for signature in signatures):
        return content
    writer = SealOnlyWriter(io.BytesIO(content), strict=False)
    unseen = InvisSigSettings(box_out_of_bounds=True)  # what is told after a signature may not change the structure
    output = await PdfTimeStamper(stamper, invis_settings=unseen).async_timestamp_pdf(
        writer,
        MD,
        validation_context=context if paths else None,
        bytes_reserved=2 * STAMP_BYTES,
        validation_paths=paths or None,
        dss_settings=TimestampDSSContentSettings(include_vri=not paths, update_before_ts=bool(paths)),
    )
    dated: bytes = output.getvalue()
    return dated


def _is_stamped(signature: Any) -> bool:
    attributes = signature.signer_info["unsigned_attrs"]
    return any(attribute["type"].native == "signature_time_stamp_token" for attribute in attributes)


def _context(key: SigningKey, of_authority: Any) -> Any:
    """Who is trusted while proofs are collected: the root of the key's own chain, and that of the authority."""
    from pyhanko_certvalidator import ValidationContext

    from milepost.documents.revocations import BoundedFetchers

    chain = [x509.Certificate.load(der) for _type, _headers, der in pem.unarmor(key.chain.encode(), multiple=True)]
    theirs = [checked.chosen for checked in of_authority]
    roots = [each for each in (*chain, *theirs) if each.self_signed != "no"]
    return ValidationContext(
        trust_roots=roots,
        other_certs=[*chain, *theirs],
        allow_fetching=True,
        revocation_mode="require",
        fetcher_backend=BoundedFetchers(),
    )


async def _paths(signatures: list[Any], context: Any) -> AsyncIterator[Any]:
    """The chains of our signatures, once every certificate in them was found valid and unrevoked; none if one was not."""
    from pyhanko.sign.validation import collect_validation_info
    from pyhanko.sign.validation.errors import ValidationInfoReadingError
    from pyhanko_certvalidator.errors import PathError, ValidationError

    for signature in signatures:
        try:
            for path in await collect_validation_info(signature, context):
                yield path
        except (PathError, ValidationError, ValidationInfoReadingError) as error:
            logger.warning("A document stays at level B-T: who issued its key does not vouch for it (%s).", error)
