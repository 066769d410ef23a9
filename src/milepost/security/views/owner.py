"""Pages for the owner: what happened at the doors, as a table too, and the key of the program that fetches it."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core.queries import text_of
from milepost.core.quotas import usage_of
from milepost.core.table_files import as_csv
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed, confirmed_if
from milepost.people.happenings import happenings
from milepost.people.permissions import MANAGE_ORGANISATION
from milepost.people.settings import value_of
from milepost.security import feed
from milepost.security.exporting import export
from milepost.security.models import SecurityFeed
from milepost.security.permissions import SEE_SECURITY
from milepost.security.queries import Chosen, page_of, people_called
from milepost.security.settings import SECURITY_KEPT_DAYS


@require_GET
@requires(SEE_SECURITY)
def events(request: OrganisationRequest) -> HttpResponse:
    """The events that the filters leave, newest first, fifty at a time."""
    chosen = Chosen.of(request.organisation, request.GET)
    rows, before = page_of(chosen, text_of(request.GET, "before"))
    text = text_of(request.GET, "q")
    context = {
        "chosen": chosen,
        "rows": rows,
        "before": before,
        "kinds": happenings.all(),
        "text": text,
        "people": people_called(request.organisation, text),
        "days": value_of(request.organisation, SECURITY_KEPT_DAYS),
    }
    return render(request, "security/events.html", context)


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(SEE_SECURITY)
@confirmed_if(reading=True)
def table(request: OrganisationRequest) -> HttpResponseBase:
    """The events that the filters leave, as CSV, streamed."""
    rows = export(chosen=Chosen.of(request.organisation, request.GET), by=request.member)
    response = StreamingHttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="security-events.csv"'
    return response


@never_cache
@require_http_methods(["GET", "POST"])
@requires(SEE_SECURITY)
@confirmed
def key(request: OrganisationRequest) -> HttpResponseBase:
    """How a program fetches the events. A key that was just made is shown this once."""
    made = ""
    if request.method == "POST" and "end" in request.POST:
        feed.end_key(organisation=request.organisation, by=request.member)
        messages.success(request, _("The key is ended: it opens nothing any more."))
        return redirect("security_key", request.organisation.slug)
    if request.method == "POST":
        made = feed.make_key(organisation=request.organisation, by=request.member)
    kept = SecurityFeed.objects.filter(organisation=request.organisation).select_related("made_by").first()
    return render(request, "security/key.html", {"made": made, "kept": kept})


@require_GET
@requires(MANAGE_ORGANISATION)
def usage(request: OrganisationRequest) -> HttpResponse:
    """How much of what the installation gives it the organisation uses."""
    return render(request, "security/usage.html", {"rows": usage_of(request.organisation)})
