"""What learners get of courses as files: their media."""

import mimetypes
from functools import partial

from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_GET

from milepost.core import blobs
from milepost.core.http import ranged_response
from milepost.courses.media import may_read
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
    """A file of a course, with byte ranges. A browser may keep it, and asks each time whether its person still may have it."""
    if not may_read(request.member, digest):
        raise Http404  # whether there is such a file is nobody's business either
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    size = blobs.size_of(request.organisation.uid, digest)
    part = partial(blobs.chunks, request.organisation.uid, digest)
    shown = content_type if content_type in INLINE else "application/octet-stream"
    response = ranged_response(request, part, size=size, content_type=shown, etag=digest)
    response.headers["Cache-Control"] = "private, no-cache"
    # An SVG opened by itself is a document: nothing in it may run.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
    )
    if content_type not in INLINE:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
