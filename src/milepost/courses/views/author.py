"""The author's pages: taking a course in, checking it, publishing it, getting it out."""

import tempfile

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core.refusals import Refused, add_to_form
from milepost.courses.drafts import CourseHasProblems, export_to_zip, import_draft, read_draft
from milepost.courses.files import Zip
from milepost.courses.forms import UploadCourseForm
from milepost.courses.frontmatter import Problem
from milepost.courses.models import Course
from milepost.courses.permissions import AUTHOR_COURSES, SEE_DRAFTS
from milepost.courses.publishing import NothingToPublish, Touched, publish, touched_by
from milepost.people.access import OrganisationRequest, requires
from milepost.people.filters import NAMED as ASKED_ABOVE
from milepost.people.permissions import Abilities, Permission, may


@require_http_methods(["GET", "POST"])
@requires(AUTHOR_COURSES)
def new_course(request: OrganisationRequest) -> HttpResponseBase:
    """Take in a zip as a new course, or as the new draft of the course with its slug."""
    if not may(request.member, AUTHOR_COURSES, request.organisation):
        raise PermissionDenied  # an author of some courses makes no others
    return _take_in(request, None)


@require_http_methods(["GET", "POST"])
@requires(AUTHOR_COURSES)
def draft(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """Replace the draft of a course."""
    return _take_in(request, _course(request, slug, AUTHOR_COURSES))


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
    course = get_object_or_404(courses, slug=slug)
    if not may(request.member, permission, course):
        raise Http404
    return course


@require_GET
@requires(SEE_DRAFTS)
def course_admin(request: OrganisationRequest, slug: str) -> HttpResponse:
    """A course from the author's side: its draft, what would change, its versions."""
    course = _course(request, slug, SEE_DRAFTS)
    source = read_draft(course)
    changes = _changes(course)
    touched = touched_by(course, source) if changes and not source.problems else Touched()
    context = {
        "course": course,
        "can": Abilities(request.member, course),
        "source": source,
        "changes": changes,
        "touched": touched,
        "are_many": touched.people > ASKED_ABOVE,
        "asked_again": [
            {"module": module, "count": touched.again[module.key]}
            for module in source.modules
            if module.key in touched.again
        ],
        "versions": course.versions.defer("files", "outline"),
        "size": sum(int(size) for _digest, size in course.draft.values()),
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
def publication(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """Publish the draft."""
    course = _course(request, slug, AUTHOR_COURSES)
    try:
        version = publish(course=course, by=request.member, ask_again=request.POST.getlist("ask_again"))
    except NothingToPublish as refused:
        messages.info(request, str(refused))
    except CourseHasProblems as refused:
        messages.error(request, str(refused.problems[0]))
    else:
        messages.success(request, _("Version %(number)d is published.") % {"number": version.number})
    return redirect("course_admin", request.organisation.slug, course.slug)


@require_GET
@requires(SEE_DRAFTS)
def export(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """The draft as a zip."""
    course = _course(request, slug, SEE_DRAFTS)
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    export_to_zip(course, spool)
    spool.seek(0)
    return FileResponse(spool, as_attachment=True, filename=f"{course.slug}.zip", content_type="application/zip")
