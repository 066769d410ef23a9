"""What learners get of courses as files: their media."""

import mimetypes
from functools import lru_cache, partial

from django.db.models import TextField
from django.db.models.functions import Cast
from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_GET

from milepost.core import blobs
from milepost.core.http import ranged_response
from milepost.courses.models import Course, Version
from milepost.people.access import OrganisationRequest, member_required

# Shown in the page; everything else is a download, whatever its name says.
INLINE = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/gif",
        "image/avif",
        "image/svg+xml",
        "video/mp4",
        "video/webm",
        "video/ogg",
        "audio/mpeg",
        "audio/mp4",
        "audio/x-m4a",
        "audio/ogg",
        "audio/wav",
        "audio/x-wav",
        "text/vtt",
    }
)
mimetypes.add_type("text/vtt", ".vtt")
mimetypes.add_type("video/mp4", ".m4v")


@require_GET
@member_required
def media(request: OrganisationRequest, digest: str, name: str) -> HttpResponseBase:
    """A file of a course, with byte ranges. It is named by its content, so browsers may keep it for ever."""
    _refuse_unless_of_a_course(request.organisation.pk, digest)
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    size = blobs.size_of(request.organisation.uid, digest)
    part = partial(blobs.chunks, request.organisation.uid, digest)
    shown = content_type if content_type in INLINE else "application/octet-stream"
    response = ranged_response(request, part, size=size, content_type=shown, etag=digest)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    # An SVG opened by itself is a document: nothing in it may run.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    if content_type not in INLINE:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@lru_cache(maxsize=4096)
def _refuse_unless_of_a_course(organisation: int, digest: str) -> None:
    """A fingerprint is no permission: certificates, journal and dossiers print those of files that not everybody may have.

    What was found is remembered (a version keeps its files for good), what raised `Http404` is not.
    """
    versions = Version.objects.filter(organisation=organisation).annotate(named=Cast("files", TextField()))
    drafts = Course.objects.filter(organisation=organisation).annotate(named=Cast("draft", TextField()))
    for rows in (versions, drafts):
        if rows.order_by().filter(named__contains=digest).exists():
            return
    raise Http404
