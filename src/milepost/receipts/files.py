"""A receipt as somebody downloads it."""

import tempfile
from collections.abc import Collection

from django.http import FileResponse

from milepost.people.models import Member
from milepost.receipts.making import take_receipt

ZIP = "application/zip"


def as_download(member: Member, *, by: Member, things: Collection[str]) -> FileResponse:
    """The receipt of these courses and sessions, or, where none was chosen, of all. Raises `NothingLearnt`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    take_receipt(member=member, file=file, by=by, things=set(things) or None)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="receipt.zip", content_type=ZIP)
