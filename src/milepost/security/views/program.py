"""What a program fetches: newline-delimited JSON, an event a line, in the order of their numbers."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from milepost.core.openness import Whom, open_to
from milepost.core.queries import key_of
from milepost.people.happenings import REFUSED, tell
from milepost.people.models import Organisation
from milepost.security import feed, standard
from milepost.security.models import entries_of

NDJSON = "application/x-ndjson"


@open_to(Whom.EVERYBODY, "an organisation’s security events to a program that shows its key: 256 bits")
@never_cache
@require_GET
def events(request: HttpRequest, slug: str) -> HttpResponse:
    """The events after `?after=` (the `event.sequence` of the last line that was read; without one, from the beginning).

    An answer without a line says that there is nothing new. 401 for whoever shows no key, or not this organisation's;
    400 for what is no number, since a program that lost its place should hear so, and not read everything again.
    """
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    organisation = feed.opened_by(slug, key.strip()) if scheme.lower() == "bearer" else None
    if organisation is None:
        number = Organisation.objects.filter(slug=slug).values_list("pk", flat=True).first()
        tell(REFUSED, request, organisation=number, detail="security_feed")
        words = '{"title": "Show the key of this organisation: Authorization: Bearer …", "status": 401}\n'
        response = HttpResponse(words, status=401, content_type="application/problem+json")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    after = key_of(request.GET, "after") if "after" in request.GET else 0
    if after is None:
        words = '{"title": "“after” is the event.sequence of the last line that was read, a number.", "status": 400}\n'
        return HttpResponse(words, status=400, content_type="application/problem+json")
    rows = feed.events_after(organisation, after)
    entries = entries_of(rows)
    with translation.override(organisation.language):
        lines = [
            json.dumps(standard.of_event(row, organisation, entries), ensure_ascii=False, default=str) for row in rows
        ]
    return HttpResponse("".join(line + "\n" for line in lines), content_type=NDJSON)
