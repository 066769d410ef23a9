"""The verbs of a session's files for those who take part. They are no evidence, so the journal does not tell of them."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from milepost.classroom.models import LiveSession, SessionDocument
from milepost.core import blobs
from milepost.core.sent_files import sent_file

MAX_FILE = 50 * 1024 * 1024  # bytes


def add_document(*, session: LiveSession, file: "UploadedFile[Any] | None") -> SessionDocument:
    """Put a file beside the session; one that is there already is not put there again.

    Raises `FileNotTaken` for none, an empty one, or one above 50 MB.
    """
    file = sent_file(file, most=MAX_FILE)
    digest = blobs.store_stream(session.organisation.uid, file.chunks())
    with transaction.atomic():
        LiveSession.locked(session.pk)
        document, _is_new = SessionDocument.objects.get_or_create(
            organisation=session.organisation,
            session=session,
            name=(file.name or "file")[:200],
            digest=digest,
            defaults={"size": file.size or 0},
        )
    return document


def remove_document(*, session: LiveSession, uid: UUID) -> None:
    """Take the file away; one that is not there any more is fine."""
    session.documents.filter(uid=uid).delete()
