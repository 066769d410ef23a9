"""The L&D lead's pages: how the courses stand, who is in them, and enrolling people."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core import clock
from milepost.core.paging import page_of
from milepost.core.queries import key_of, text_of
from milepost.core.refusals import as_message
from milepost.courses.models import Course
from milepost.courses.permissions import SEE_COURSES, SEE_DRAFTS
from milepost.learning.enrolling import enrol_in_bulk, reschedule, withdraw
from milepost.learning.forms import EnrolForm, RescheduleForm, RoundForm
from milepost.learning.models import Enrolment
from milepost.learning.permissions import ENROL_PEOPLE, SEE_RESULTS
from milepost.learning.queries import CourseNumbers, course_numbers, enrolments_of
from milepost.learning.rounds import begin_round, begin_rounds_in_bulk, renewable
from milepost.people.access import OrganisationRequest, requires
from milepost.people.filters import Chosen, PeopleFilter
from milepost.people.inviting import invite
from milepost.people.models import Member, MemberQuerySet
from milepost.people.permissions import Abilities, Permission, may, sees_everybody, visible
from milepost.people.views.office import after_act


@require_GET
@requires(SEE_COURSES)
def courses(request: OrganisationRequest) -> HttpResponse:
    """Every course with its numbers, the one that needs a person first."""
    numbers = course_numbers(request.organisation, clock.today(), _reached(request))
    every = Course.objects.filter(organisation=request.organisation).select_related("published")
    courses = [
        course for course in every if may(request.member, SEE_COURSES if course.published_id else SEE_DRAFTS, course)
    ]
    rows = [{"course": course, "numbers": numbers.get(course.pk, CourseNumbers())} for course in courses]
    rows.sort(key=lambda row: (-row["numbers"].overdue, row["course"].title))  # type: ignore[attr-defined]
    return render(request, "learning/courses.html", {"rows": rows, "worst": rows[0] if rows else None})


def _reached(request: OrganisationRequest, course: Course | None = None) -> MemberQuerySet | None:
    """The people whose results the member sees; None for everybody, which costs nothing to say."""
    if sees_everybody(request.member, SEE_RESULTS):
        return None
    return visible(request.member, SEE_RESULTS, course)


def _course(request: OrganisationRequest, slug: str, permission: Permission) -> Course:
    """The course, for whoever may do this in it; 404 for all others."""
    courses = Course.objects.filter(organisation=request.organisation).select_related("published")
    course = get_object_or_404(courses, slug=slug)
    if not may(request.member, permission, course):
        raise Http404
    return course


@require_GET
@requires(SEE_RESULTS)
def enrolments(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Who is in the course, and how far."""
    course = _course(request, slug, SEE_RESULTS)
    reached = _reached(request, course)
    rows = enrolments_of(
        course,
        members=reached,
        status=request.GET.get("status", ""),
        site=key_of(request.GET, "site"),
        text=text_of(request.GET, "q"),
        today=clock.today(),
    )
    context = {
        "course": course,
        "can": Abilities(request.member, course),
        "numbers": course_numbers(request.organisation, clock.today(), reached).get(course.pk, CourseNumbers()),
        "page": page_of(request, rows),
        "sites": PeopleFilter(request.member, SEE_RESULTS, request.GET, course).sites,
        "filters": request.GET,
    }
    return render(request, "learning/enrolments.html", context)


@require_http_methods(["GET", "POST"])
@requires(ENROL_PEOPLE)
def new_enrolments(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """Choose people by site, department, seniority or name, see how many they are, and enrol them all."""
    course = _course(request, slug, ENROL_PEOPLE)
    if course.published is None:
        messages.error(request, _("Publish the course first: people learn from a published version."))
        return redirect("course_admin", request.organisation.slug, course.slug)
    query = request.POST if request.method == "POST" else request.GET
    chosen = PeopleFilter(request.member, ENROL_PEOPLE, query, course)
    form = EnrolForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = enrol_in_bulk(members=chosen.shown(), course=course, due=form.cleaned_data["due"], by=request.member)
        return after_act(
            request,
            act,
            done=lambda count: ngettext("%(count)d person was enrolled.", "%(count)d people were enrolled.", count),
            nobody=_("Everybody you chose is in the course already."),
            then=reverse("enrolments", args=[request.organisation.slug, course.slug]),
        )
    members = chosen.candidates()
    already = Enrolment.objects.filter(course=course)
    new = members.exclude(pk__in=already.values("member"))
    context = {
        "course": course,
        "chosen": chosen,
        "form": form,
        "new": Chosen.of(new),
        "already_count": members.filter(pk__in=already.values("member")).count(),
    }
    return render(request, "learning/new_enrolments.html", context)


@require_http_methods(["GET", "POST"])
@requires(ENROL_PEOPLE)
def new_rounds(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """Choose who is to do the course again, of those who completed it, see how many they are, and begin their next rounds."""
    course = _course(request, slug, ENROL_PEOPLE)
    if course.published is None:
        messages.error(request, _("Publish the course first: people learn from a published version."))
        return redirect("course_admin", request.organisation.slug, course.slug)
    query = request.POST if request.method == "POST" else request.GET
    chosen = PeopleFilter(request.member, ENROL_PEOPLE, query, course)
    form = RoundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        due = form.cleaned_data["due"]
        act = begin_rounds_in_bulk(members=chosen.shown(), course=course, due=due, by=request.member)
        return after_act(
            request,
            act,
            done=lambda count: ngettext(
                "%(count)d person does the course again.", "%(count)d people do the course again.", count
            ),
            nobody=_("Nobody whom you chose has completed the course."),
            then=reverse("enrolments", args=[request.organisation.slug, course.slug]),
        )
    members = chosen.candidates()
    current = Enrolment.objects.current().filter(course=course)
    context = {
        "course": course,
        "chosen": chosen,
        "form": form,
        "new": Chosen.of(members.filter(pk__in=renewable(course).values("member"))),
        "under_way": members.filter(pk__in=current.filter(completed_at=None).values("member")).count(),
    }
    return render(request, "learning/new_rounds.html", context)


@require_http_methods(["GET", "POST"])
@requires(ENROL_PEOPLE)
def enrolment(request: OrganisationRequest, slug: str, member: str) -> HttpResponseBase:
    """One person in one course: another due date, an invitation for who has not joined yet, out, or, once done, once more."""
    course = _course(request, slug, ENROL_PEOPLE)
    person = get_object_or_404(visible(request.member, ENROL_PEOPLE, course), uid=member)
    rounds = (
        Enrolment.objects.filter(course=course, member=person).select_related("member", "course").order_by("-round")
    )
    every = list(rounds)
    row = next((one for one in every if one.is_current), None)
    if row is None:
        raise Http404
    is_again = row.completed_at is not None or "again" in request.POST
    form = RoundForm(request.POST or None) if is_again else RescheduleForm(request.POST or None, due=row.due)
    if request.method == "POST":
        back = redirect("enrolments", request.organisation.slug, course.slug)
        if "invite" in request.POST:
            words = _("An invitation is on its way to %(person)s.") % {"person": person}
            nobody = _("%(person)s has joined already, or has no address.") % {"person": person}
            messages.success(request, words if invite(members=[person], by=request.member) else nobody)
            return back
        if "withdraw" in request.POST:
            with as_message(request):
                withdraw(enrolment=row, by=request.member)
                words = (
                    _("%(person)s is not in the course any more.")
                    if row.round == 1
                    else _("%(person)s does not do the course again; what was completed before stays on record.")
                )
                messages.success(request, words % {"person": person})
            return back
        if form.is_valid():
            with as_message(request):
                messages.success(request, _save(row, form.cleaned_data["due"], request.member, is_again=is_again))
            return back
    earlier = [one for one in every if one.pk != row.pk]
    context = {"course": course, "enrolment": row, "earlier": earlier, "form": form, "is_again": is_again}
    return render(request, "learning/enrolment.html", context)


def _save(row: Enrolment, due: date | None, by: Member, *, is_again: bool) -> str:
    """Begin the next round, or give this one another day; what is to be said of it."""
    if not is_again:
        reschedule(enrolment=row, due=due, by=by)
        return _("Saved.")
    begin_round(enrolment=row, due=due, by=by)
    person = {"person": row.member, "day": date_format(due, "DATE_FORMAT") if due else ""}
    if due:
        return _("%(person)s does the course again, by %(day)s.") % person
    return _("%(person)s does the course again.") % person
