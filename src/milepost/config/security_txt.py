"""`/.well-known/security.txt`: where whoever finds a weakness of this installation tells its operator (RFC 9116)."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from milepost.core import clock
from milepost.core.openness import Whom, open_to

HOLDS = timedelta(days=180)  # the standard asks for less than a year


@open_to(Whom.EVERYBODY, "says whom to tell of a weakness")
@require_GET
def security_txt(request: HttpRequest) -> HttpResponse:
    """The contacts that the operator set, in this order. Raises `Http404` where there are none: nobody would answer."""
    if not settings.SECURITY_CONTACTS:
        raise Http404
    expires = (clock.now() + HOLDS).replace(hour=0, minute=0, second=0, microsecond=0)
    fields = [
        *(("Contact", contact) for contact in settings.SECURITY_CONTACTS),
        ("Expires", expires.isoformat().replace("+00:00", "Z")),
        ("Preferred-Languages", ", ".join(code for code, _name in settings.LANGUAGES)),
        ("Canonical", f"{settings.BASE_URL}/.well-known/security.txt"),
    ]
    text = "".join(f"{name}: {value}\n" for name, value in fields)
    return HttpResponse(
        text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"}
    )
