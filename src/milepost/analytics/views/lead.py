"""The L&D lead's pages of a course's numbers, and their files."""

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.analytics.measuring import CourseMeasure, furthest_behind, measure, questions_of
from milepost.analytics.reports import export, reports
from milepost.core.table_files import as_csv, as_workbook
from milepost.courses.models import Course
from milepost.courses.outline import content_of, outline_of
from milepost.learning.permissions import SEE_RESULTS
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed_if
from milepost.people.filters import PeopleFilter
from milepost.people.models import MemberQuerySet
from milepost.people.permissions import Abilities, may

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
@requires(SEE_RESULTS)
def numbers(request: OrganisationRequest, slug: str) -> HttpResponse:
    """The four numbers of a course, whole or for the people whom the filters leave."""
    course = _course(request, slug)
    chosen = PeopleFilter(request.member, SEE_RESULTS, request.GET, course)
    measured = measure(course, _members(chosen))
    context = {
        "course": course,
        "can": Abilities(request.member, course),
        "chosen": chosen,
        "query": request.GET.urlencode(),
        "measured": measured,
        "segments": _segments(measured),
        "charts": _charts(measured),
        "reports": reports.all(),
    }
    return render(request, "analytics/numbers.html", context)


@require_GET
@requires(SEE_RESULTS)
def assessment(request: OrganisationRequest, slug: str, module: str, activity: str) -> HttpResponse:
    """The questions of one assessment."""
    course = _course(request, slug)
    step = outline_of(course.published_or_raise().pk).by_key.get(f"{module}/{activity}")
    if step is None or not step.is_assessment:
        raise Http404
    chosen = PeopleFilter(request.member, SEE_RESULTS, request.GET, course)
    definition = content_of(request.organisation.pk, step.digest).definition
    questions = questions_of(course, step, definition, _members(chosen))
    asked = [question for question in questions if question.mean is not None]
    hardest = min(asked, key=lambda question: question.mean or 0.0, default=None)
    context = {"course": course, "activity": step, "questions": questions, "hardest": hardest}
    return render(request, "analytics/assessment.html", context)


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(SEE_RESULTS)
@confirmed_if(reading=True)
def report(request: OrganisationRequest, slug: str, report: str, form: str) -> HttpResponseBase:
    """A report about the people whom the filters leave: as CSV, streamed, or as a workbook."""
    if report not in reports or form not in ("csv", "xlsx"):
        raise Http404
    course = _course(request, slug)
    members = _members(PeopleFilter(request.member, SEE_RESULTS, request.GET, course))
    rows = export(report=reports.get(report), course=course, members=members, by=request.member)
    name = f"{course.slug}-{report}.{form}"
    if form == "xlsx":
        return FileResponse(as_workbook(rows), as_attachment=True, filename=name, content_type=XLSX)
    response = StreamingHttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _members(chosen: PeopleFilter) -> MemberQuerySet | None:
    """The people whom the filters leave; None for everybody, which costs nothing to say."""
    if chosen.sees_everybody and not chosen.names_some:
        return None
    return chosen.members(status="all")


def _segments(measured: CourseMeasure) -> list[dict[str, object]]:
    segments = (
        ("site", _("By site"), _("Site"), measured.sites),
        ("department", _("By department"), _("Department"), measured.departments),
        ("seniority", _("By seniority"), _("Seniority"), measured.seniorities),
    )
    return [
        {"key": key, "title": title, "heading": heading, "rows": rows, "worst": furthest_behind(rows)}
        for key, title, heading, rows in segments
    ]


def _charts(measured: CourseMeasure) -> dict[str, dict[str, object]]:
    """What the charts draw; the tables under them say the same."""
    charts: dict[str, dict[str, object]] = {
        "modules": {
            "labels": [f"{module.number} · {module.title}" for module in measured.modules],
            "series": [
                {"name": _("Completed, %"), "values": [module.completion for module in measured.modules]},
            ],
        },
        "assessments": {
            "labels": [assessment.activity.title for assessment in measured.assessments],
            "series": [
                {"name": _("Mean score"), "values": [round(assessment.mean, 1) for assessment in measured.assessments]}
            ],
        },
    }
    for segment, rows in (
        ("site", measured.sites),
        ("department", measured.departments),
        ("seniority", measured.seniorities),
    ):
        charts[segment] = {
            "labels": [group.name or "–" for group in rows],
            "series": [
                {"name": _("Launched, %"), "values": [group.launch for group in rows]},
                {"name": _("Completed, %"), "values": [group.completion for group in rows]},
            ],
        }
    return charts


def _course(request: OrganisationRequest, slug: str) -> Course:
    """The published course, for whoever sees results in it; 404 for all others."""
    published = Course.objects.filter(organisation=request.organisation, published__isnull=False)
    course = get_object_or_404(published.select_related("published", "organisation"), slug=slug)
    if not may(request.member, SEE_RESULTS, course):
        raise Http404
    return course
