"""The seal of a trust service provider on what is sealed already, where the organisation has one (see `journal.remote_keys`).

The organisation's own key seals at once, and people sign without waiting for anybody. The provider's seal is put on top
in the background, as an incremental update: on a document once all have signed. While the provider is away, refuses, or
answers what is no signature of its certificate, the file is what it was, the job tries again, and the page says that the seal
is pending. Decision 0060.
"""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from milepost.core import blobs, clock
from milepost.documents.timestamps import FileGone, Source, sources
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.journal.recording import SYSTEM, record
from milepost.journal.remote_keys import ProviderRefused, breaker

WHAT = "provider's seal"


def is_owed() -> bool:
    """Whether a provider owes a seal."""
    return next(owed(), None) is not None


def owed() -> Iterator[tuple[int, str, int]]:
    """What providers owe a seal, in all organisations: its organisation, source and key."""
    for key in keys.provider_keys():
        for name, source in sources.items():
            for number in _waiting(source, key).order_by("pk").values_list("pk", flat=True).iterator():
                yield key.organisation_id, name, number


def _waiting(source: Source, key: SigningKey) -> Any:
    """What was made since the provider's key is in use: what is older, or was made while there was none, stays as it is."""
    since = {f"{source.made_at}__gte": key.provider_since}
    return source.whole().filter(organisation_id=key.organisation_id, provider_sealed_at=None, **since)


def seal(*, source: str, number: int) -> bool:
    """Have the provider seal the file of one row; False when none is owed any more. Raises `ProviderRefused`, `FileGone`."""
    files = sources.get(source)
    row = files.whole().filter(pk=number).select_related("organisation").first()
    key = keys.provider_key(row.organisation_id) if row else None
    if row is None or key is None or not _waiting(files, key).filter(pk=number).exists():
        return False
    try:
        before, content = row.pdf, blobs.read(row.organisation.uid, row.pdf)
    except blobs.Unreadable as error:
        raise FileGone(_("The file of %(thing)s is gone: it can’t be sealed.") % {"thing": row}) from error
    after = blobs.store(row.organisation.uid, _sealed(content, key))
    with transaction.atomic():
        same = type(row)._default_manager.filter(pk=row.pk, pdf=before)
        if not same.update(pdf=after, provider_sealed_at=clock.now(), dated_at=None):
            return False  # somebody dated or signed it meanwhile: the next round seals what it is now
        record(
            files.sealed,
            organisation=row.organisation,
            actor=SYSTEM,
            object=row.as_reference(),
            result={"sha256": after, "document_sha256": before},
            context={"what": WHAT, **row.file_context},
        )
    return True


def _sealed(content: bytes, key: SigningKey) -> bytes:
    from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

    try:
        if key.x509.not_valid_after_utc <= clock.now():
            words = _("The provider’s certificate ended on %(day)s. Ask it for another credential.")
            raise ProviderRefused(words % {"day": key.x509.not_valid_after_utc.date()})
        sealed = seal_pdf(content, key=key, time=clock.now())
    except ProviderRefused as error:
        breaker().failed(str(error))
        raise
    breaker().succeeded()
    return sealed
