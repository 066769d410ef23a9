"""The learner's pages: my learning, the catalogue, a course, the player."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from milepost.core import clock
from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.courses.addresses import media_base
from milepost.courses.markdown import with_media
from milepost.courses.models import Course
from milepost.courses.outline import Outline, outline_of
from milepost.courses.permissions import SEE_COURSES
from milepost.learning import players
from milepost.learning.addresses import activity_url
from milepost.learning.enrolling import NotOpen, enrol
from milepost.learning.models import Enrolment, NotOpened, Progress
from milepost.learning.players import Play
from milepost.learning.progressing import open_activity
from milepost.learning.queries import catalogue as open_courses
from milepost.learning.queries import (
    completed_keys,
    enrolment_of,
    my_learning,
    next_activity,
    progress_by_key,
    progress_of,
)
from milepost.people.access import KEPT_FOR, NothingThatIsKept, OrganisationRequest, member_required, takes_kept
from milepost.people.permissions import may


@require_GET
@member_required
def home(request: OrganisationRequest) -> HttpResponse:
    """My learning: what to do, in the order in which it matters."""
    return render(request, "learning/home.html", {"learning": my_learning(request.member), "today": clock.today()})


@require_GET
@member_required
def catalogue(request: OrganisationRequest) -> HttpResponse:
    """The courses that anyone here may join."""
    text, language = text_of(request.GET, "q"), text_of(request.GET, "language", limit=8)
    page = page_of(request, open_courses(request.organisation, text=text, language=language), size=24)
    mine = Enrolment.objects.current().filter(member=request.member).values_list("course_id", "completed_at")
    return render(
        request, "learning/catalogue.html", {"page": page, "mine": dict(mine), "text": text, "language": language}
    )


@require_GET
@member_required
def course(request: OrganisationRequest, slug: str) -> HttpResponse:
    """What a course is about, and where one stands in it. A closed one is found by those in it, and who sees courses."""
    course = _published(request, slug)
    enrolment = enrolment_of(request.member, course.slug)
    version = course.published_or_raise()
    if enrolment is None and not version.is_open and not may(request.member, SEE_COURSES, course):
        raise Http404
    outline = enrolment.outline if enrolment else outline_of(version.pk)
    complete = completed_keys(enrolment) if enrolment else set()
    context = {
        "course": course,
        "outline": outline,
        "description": _description(request, outline),
        "enrolment": enrolment,
        "complete": complete,
        "modules": _modules(outline, complete),
        "next": next_activity(outline, complete) if enrolment else None,
        "is_open": version.is_open,
    }
    return render(request, "learning/course.html", context)


def _published(request: OrganisationRequest, slug: str) -> Course:
    courses = Course.objects.filter(organisation=request.organisation, published__isnull=False)
    return get_object_or_404(courses.select_related("published"), slug=slug)


def _description(request: OrganisationRequest, outline: Outline) -> str:
    return with_media(outline.description, media_base(request.organisation.slug))


def _modules(outline: Outline, complete: set[str]) -> list[dict[str, object]]:
    return [
        {"module": module, "is_complete": module.counted <= complete, "done": len(module.counted & complete)}
        for module in outline.modules
    ]


@require_POST
@member_required
def own_enrolment(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """Join an open course, and begin."""
    course = _published(request, slug)
    try:
        enrol(member=request.member, course=course)
    except NotOpen as error:
        raise Http404 from error
    return redirect("learn", request.organisation.slug, course.slug)


@require_GET
@member_required
def learn(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """Go on where one stopped: the next thing to do, or the end."""
    enrolment = _enrolment(request, slug)
    complete = completed_keys(enrolment)
    following = next_activity(enrolment.outline, complete)
    if following is None or enrolment.completed_at:
        return redirect("completion", request.organisation.slug, slug)
    return redirect(activity_url(request.organisation.slug, slug, following.key))


def _enrolment(request: OrganisationRequest, slug: str) -> Enrolment:
    enrolment = enrolment_of(request.member, slug)
    if enrolment is None:
        raise Http404
    return enrolment


@require_GET
@member_required
def activity(request: OrganisationRequest, slug: str, module: str, activity: str) -> HttpResponseBase:
    """The player: one activity, with the outline beside it."""
    enrolment = _enrolment(request, slug)
    step = enrolment.outline.by_key.get(f"{module}/{activity}")
    if step is None:  # renamed by a new version: the way in still leads somewhere
        messages.info(request, _("That step is not part of the course any more. Here is the next one."))
        return redirect("learn", request.organisation.slug, slug)
    rows = progress_by_key(enrolment)
    progress = open_activity(enrolment=enrolment, activity=step, progress=rows.get(step.key))
    rows[step.key] = progress
    play = Play(request, enrolment, step, progress)
    player = players.player_of(step)
    context = {
        "play": play,
        "enrolment": enrolment,
        "outline": enrolment.outline,
        "activity": step,
        "definition": play.definition,
        "progress": progress,
        "rows": _outline_rows(play, rows),
        "previous": enrolment.outline.previous_to(step),
        "next": enrolment.outline.next_after(step),
    }
    return render(request, player.template, context | player.context(play))


def _outline_rows(play: Play, rows: dict[str, Progress]) -> list[dict[str, object]]:
    """The outline with the state of each activity; what is not open in the outline needs no activities."""
    complete = {key for key, progress in rows.items() if progress.is_complete}
    return [
        {
            "module": module,
            "activities": [(step, rows.get(step.key)) for step in module.activities],
            "is_current": module.key == play.activity.module_slug,
            "is_complete": module.counted <= complete,
        }
        for module in play.outline.modules
    ]


@takes_kept
@member_required
def resource(request: OrganisationRequest, slug: str, module: str, activity: str, resource: str) -> HttpResponseBase:
    """Something that the activity's kind takes: a completion, a beat, answers. Who only looks is led to the activity.

    So is whoever never opened it: nothing is done that was not seen. What a page kept and sends later is refused then.
    """
    enrolment = _enrolment(request, slug)
    if request.method in ("GET", "HEAD"):
        return redirect("activity", request.organisation.slug, slug, module, activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    step = enrolment.outline.by_key.get(f"{module}/{activity}")
    player = players.player_of(step) if step else None
    handler = player.resources().get(resource) if player else None
    if step is None or player is None or handler is None:
        raise Http404
    if KEPT_FOR in request.headers and resource not in player.kept:
        raise NothingThatIsKept
    progress = progress_of(enrolment, step)
    if progress is None:
        if KEPT_FOR in request.headers:  # a script sends it, which can't be led anywhere
            raise NotOpened
        return players.shown_first(request, activity_url(request.organisation.slug, slug, step.key))
    return handler(Play(request, enrolment, step, progress))


@require_GET
@member_required
def completion(request: OrganisationRequest, slug: str) -> HttpResponseBase:
    """The end of a course: what was achieved, or what is still missing."""
    enrolment = _enrolment(request, slug)
    complete = completed_keys(enrolment)
    context = {
        "enrolment": enrolment,
        "outline": enrolment.outline,
        "missing": next_activity(enrolment.outline, complete) if not enrolment.completed_at else None,
        "others": [step for step in my_learning(request.member).todo if step.enrolment.pk != enrolment.pk][:3],
    }
    return render(request, "learning/completion.html", context)
