"""Whether the server answers: asked by whoever balances load between several."""

from django.http import HttpRequest, HttpResponse


def health(request: HttpRequest) -> HttpResponse:
    """Answer “ok”; costs no query."""
    return HttpResponse("ok", content_type="text/plain")
