"""What people are shown while the database is away or busy, or the disk is full: that it will pass, and what they sent, to be sent again.

The page asks by itself whether it is over, then goes on: it loads what was asked for, or sends the form once more. Verbs bear
being called twice, so that also holds where the first one had arrived and only its answer was lost.
"""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from milepost.core.http import is_partial, page_before
from milepost.core.outages import is_of_the_disk
from milepost.core.refusals import Refused, problem_response

JSON_TYPES = ("application/problem+json", "application/json")


class Waiting(Refused):
    """The database is away, busy, or can keep nothing for the moment."""

    sentence = gettext_lazy(
        "Milepost can’t get at its data for the moment, so this was not saved. What you typed is still here: try again soon."
    )
    status = 503
    retry_after = 5


class DiskFull(Waiting):
    """Nothing can be written down for the moment: the disk is full, or can only be read."""

    sentence = gettext_lazy(
        "Milepost’s disk is full or can’t be written to, so this was not saved. What was saved before is safe. Tell whoever runs"
        " this Milepost, and try again once there is room."
    )


def answer(request: HttpRequest, error: BaseException | None = None) -> HttpResponse:
    """503 as this browser or program reads it, without a look into the database. `error` is what stood in the way."""
    refused = DiskFull() if is_of_the_disk(error) else Waiting()
    if request.get_preferred_type(["text/html", *JSON_TYPES]) in JSON_TYPES:
        response: HttpResponse = problem_response(refused)
    elif is_partial(request):  # app.js puts it above what is on the screen, which stays as it is
        sentence = render_to_string("design/refused.html#sentence", {"refused": refused})
        response = HttpResponse(sentence, status=503, headers={"HX-Retarget": "#main", "HX-Reswap": "afterbegin"})
    else:
        response = HttpResponse(render_to_string("design/waiting.html", _context(request, refused)), status=503)
    response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _context(request: HttpRequest, refused: Waiting) -> dict[str, object]:
    is_safe = request.method in ("GET", "HEAD")
    is_held = not is_safe and _may_be_held(request)
    return {
        "address": request.get_full_path(),
        "is_safe": is_safe,
        "is_full": isinstance(refused, DiskFull),
        "is_held": is_held,
        "fields": _fields(request) if is_held else [],
        "csrf_token": get_token(request) if is_held else "",
        "back": page_before(request),
        "seconds": Waiting.retry_after,
    }


def _may_be_held(request: HttpRequest) -> bool:
    """Whether a page may hold what was sent: no files, and nothing of somebody who signs in."""
    return not (request.FILES or request.path.startswith("/accounts/"))


def _fields(request: HttpRequest) -> list[tuple[str, str]]:
    """What was typed; a button that stands alone sends nothing else."""
    return [
        (name, str(value)) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values
    ]
