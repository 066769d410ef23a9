"""Reading a mark from a form: late, gone early, absent with a reason and a file, present after all."""

from datetime import datetime, time

from django.http import HttpRequest
from django.utils.translation import gettext as _

from milepost.classroom.models import Slot
from milepost.classroom.signing import Change, SigningRefused
from milepost.core import blobs

MAX_FILE = 10 * 1024 * 1024
FILE_TYPES = {b"%PDF-": ".pdf", b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg"}


def read_change(request: HttpRequest, slot: Slot, *, may_justify: bool) -> Change:
    """The change that the form asks for. Raises `SigningRefused` with what to mend."""
    state = request.POST.get("state", "")
    reason = request.POST.get("reason", "").replace("\x00", "")
    file = request.FILES.get("file")
    if (reason or file) and not may_justify:
        raise SigningRefused(
            _("The training team justifies absences here. Mark the absence, and tell them the reason.")
        )
    kept = None
    if file:
        content = file.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise SigningRefused(_("The file is larger than 10 MB. Photograph it anew, or save it smaller."))
        suffix = next((suffix for mark, suffix in FILE_TYPES.items() if content.startswith(mark)), None)
        if suffix is None:
            raise SigningRefused(_("The file must be a PDF or a photograph (PNG, JPEG)."))
        kept = (blobs.store(slot.session.organisation.uid, content), (file.name or "document")[:200])
    return Change(
        state=state if state in ("absent", "present", "missing") else None,  # type: ignore[arg-type]
        absence_reason=reason if state == "absent" else None,
        absence_file=kept,
        arrived_at=_instant(request.POST.get("arrived", ""), slot),
        left_at=_instant(request.POST.get("left", ""), slot),
    )


def _instant(text: str, slot: Slot) -> datetime | None:
    """A time of the slot's day, as a time field sends it (14:05)."""
    if not text:
        return None
    try:
        return datetime.combine(slot.local_start.date(), time.fromisoformat(text), slot.session.zone)
    except ValueError as error:
        raise SigningRefused(_("“%(text)s” is not a time. Write it like 14:05.") % {"text": text[:20]}) from error
