"""The HR file that comes by itself: the owner's page, and the address to which a program sends it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from milepost.core import sent_files
from milepost.core.canonical import fingerprint
from milepost.core.openness import Whom, open_to
from milepost.core.refusals import Refused, add_to_form, problem_response
from milepost.people import import_feed
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.forms import FeedForm
from milepost.people.happenings import REFUSED, tell
from milepost.people.limits import TooManyTries, is_over_limit
from milepost.people.models import Organisation, PeopleFeed
from milepost.people.permissions import MANAGE_ORGANISATION


@never_cache
@require_http_methods(["GET", "POST"])
@requires(MANAGE_ORGANISATION)
@confirmed
def people_feed(request: OrganisationRequest) -> HttpResponseBase:
    """How the HR file comes by itself. A key that was just made is shown this once."""
    organisation, made = request.organisation, ""
    kept = PeopleFeed.objects.filter(organisation=organisation).select_related("set_by").first()
    form = FeedForm(kept)
    if "end" in request.POST:
        import_feed.end_key(organisation=organisation, by=request.member)
        messages.success(request, _("The key is ended: it opens nothing any more."))
        return redirect("people_feed", organisation.slug)
    if "key" in request.POST:
        made = import_feed.make_key(organisation=organisation, by=request.member)
        kept = PeopleFeed.objects.select_related("set_by").get(organisation=organisation)
    elif request.method == "POST":
        form = FeedForm(kept, request.POST)
        if form.is_valid():
            try:
                import_feed.schedule(organisation=organisation, **form.said, by=request.member)
            except Refused as refused:
                add_to_form(refused, form)
            else:
                messages.success(request, _("Saved."))
                return redirect("people_feed", organisation.slug)
    return render(
        request, "people/feed.html", {"form": form, "made": made, "kept": kept}, status=400 if form.errors else 200
    )


@open_to(Whom.EVERYBODY, "takes the HR file of an organisation from a program that shows its key: 256 bits")
@csrf_exempt  # never: exempting (a program shows its key; no cookie counts)
@never_cache
@require_POST
def sent_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the file that is sent as `file`: 202 where it will be imported, or looked at; 200 where it is the last imported one.

    401 for whoever shows no key, or not this organisation's; what is wrong with a file is told as problem details.
    """
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    # By the key that is shown, not by the organisation: a stranger’s tries are not to shut its program out.
    if is_over_limit(request, "people-feed", link=fingerprint(key.encode())[:16]):
        response = problem_response(TooManyTries())
        response.headers["Retry-After"] = str(TooManyTries.retry_after)
        return response
    feed = import_feed.opened_by(slug, key.strip()) if scheme.lower() == "bearer" else None
    if feed is None:
        number = Organisation.objects.filter(slug=slug).values_list("pk", flat=True).first()
        tell(REFUSED, request, organisation=number, detail="send_people_file")
        problem = {"title": "Show the key of this organisation: Authorization: Bearer …", "status": 401}
        response = JsonResponse(problem, status=401, content_type="application/problem+json")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    with translation.override(feed.organisation.language):
        try:
            file = sent_files.sent_file(request.FILES.get("file"), most=import_feed.MOST)
            draft = import_feed.take_in(feed, content=file.read(), name=file.name or "people.csv")
        except Refused as refused:
            return problem_response(refused)
    if draft is None:
        return JsonResponse({"state": "unchanged"})
    return JsonResponse({"state": "received", "import": str(draft.uid)}, status=202)
