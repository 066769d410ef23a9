"""The author's pages: taking a course in, checking it, publishing it, getting it out; and the media of courses."""

import mimetypes
import tempfile
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import blobs
from milepost.core.http import ranged_response
from milepost.core.refusals import Refused, add_to_form
from milepost.courses.drafts import CourseHasProblems, export_to_zip, import_draft, read_draft
from milepost.courses.files import Zip
from milepost.courses.forms import UploadCourseForm
from milepost.courses.frontmatter import Problem
from milepost.courses.models import Course
from milepost.courses.permissions import AUTHOR_COURSES, SEE_COURSES
from milepost.courses.publishing import NothingToPublish, publish
from milepost.people.access import OrganisationRequest, member_required, requires
from milepost.people.permissions import Abilities, Permission, may

# Shown in the page; everything else is a download, whatever its name says.
INLINE = frozenset({
    "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/svg+xml", "video/mp4", "video/webm",
    "video/ogg", "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/ogg", "audio/wav", "audio/x-wav", "text/vtt",
})  # fmt: skip
mimetypes.add_type("text/vtt", ".vtt")
mimetypes.add_type("video/mp4", ".m4v")


@require_http_methods(["GET", "POST"])
@requires(AUTHOR_COURSES)
def new_course(request: OrganisationRequest) -> HttpResponseBase:
    """Take in a zip as a new course, or as the new draft of the course with its slug."""
    if not may(request.member, AUTHOR_COURSES, request.organisation):
        raise PermissionDenied  # an author of some courses makes no others
    return _take_in(request, None)


@require_http_methods(["GET", "POST"])
@requires(AUTHOR_COURSES)
def draft(request: OrganisationRequest, course: str) -> HttpResponseBase:
    """Replace the draft of a course."""
    return _take_in(request, _course(request, course, AUTHOR_COURSES))


def _take_in(request: OrganisationRequest, course: Course | None) -> HttpResponseBase:
    form = UploadCourseForm(request.POST or None, request.FILES or None)
    problems: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        try:
            files = Zip(form.cleaned_data["file"])
            taken = import_draft(
                organisation=request.organisation, files=files, slug=course.slug if course else "", by=request.member
            )
        except CourseHasProblems as refused:
            problems = refused.problems
        except Refused as refused:
            add_to_form(refused, form, field="file")
        else:
            messages.success(request, _("The draft was taken in. Publish it when you are ready."))
            return redirect("course_admin", request.organisation.slug, taken.slug)
    return render(request, "courses/upload.html", {"form": form, "course": course, "problems": problems})


def _course(request: OrganisationRequest, slug: str, permission: Permission) -> Course:
    """The course, for whoever may do this to it; 404 for all others."""
    courses = Course.objects.filter(organisation=request.organisation).select_related("published", "organisation")
    found = get_object_or_404(courses, slug=slug)
    if not may(request.member, permission, found):
        raise Http404
    return found


@require_GET
@requires(SEE_COURSES)
def course_admin(request: OrganisationRequest, course: str) -> HttpResponse:
    """A course from the author's side: its draft, what would change, its versions."""
    found = _course(request, course, SEE_COURSES)
    source = read_draft(found)
    context = {
        "course": found,
        "can": Abilities(request.member, found),
        "source": source,
        "changes": _changes(found),
        "versions": found.versions.defer("files", "outline"),
        "size": sum(int(size) for _digest, size in found.draft.values()),
    }
    return render(request, "courses/course_admin.html", context)


def _changes(course: Course) -> list[dict[str, str]]:
    """The draft's files against the published version's, each new, changed or removed."""
    before = course.published.files if course.published else {}
    paths = sorted({*before, *course.draft})
    return [
        {"path": path, "what": "new" if path not in before else "removed" if path not in course.draft else "changed"}
        for path in paths
        if before.get(path) != course.draft.get(path)
    ]


@require_POST
@requires(AUTHOR_COURSES)
def publication(request: OrganisationRequest, course: str) -> HttpResponseBase:
    """Publish the draft."""
    found = _course(request, course, AUTHOR_COURSES)
    try:
        version = publish(course=found, by=request.member, ask_again=request.POST.getlist("ask_again"))
    except NothingToPublish as refused:
        messages.info(request, str(refused))
    except CourseHasProblems as refused:
        messages.error(request, str(refused.problems[0]))
    else:
        messages.success(request, _("Version %(number)d is published.") % {"number": version.number})
    return redirect("course_admin", request.organisation.slug, found.slug)


@require_GET
@requires(SEE_COURSES)
def export(request: OrganisationRequest, course: str) -> HttpResponseBase:
    """The draft as a zip."""
    found = _course(request, course, SEE_COURSES)
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    export_to_zip(found, spool)
    spool.seek(0)
    return FileResponse(spool, as_attachment=True, filename=f"{found.slug}.zip", content_type="application/zip")


@require_GET
@member_required
def media(request: OrganisationRequest, digest: str, name: str) -> HttpResponseBase:
    """A file of a course, with byte ranges. It is named by its content, so browsers may keep it for ever."""
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
