"""How a browser stays identified for an audit after its reader typed the code: a signed cookie, for the room's addresses alone."""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from milepost.evidence.models import Audit

LIVES = 12 * 3600  # seconds for which a browser that typed the code may read
_SALT = "milepost.evidence.audit"


def remember(response: HttpResponseBase, audit: Audit, *, path: str) -> None:
    """Let this browser read the audit below this path from now on."""
    response.set_cookie(
        _name(audit),
        signing.dumps(str(audit.uid), salt=_SALT),
        max_age=LIVES,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_identified(request: HttpRequest, audit: Audit) -> bool:
    """Whether the code of this audit was typed in this browser, within `LIVES`."""
    try:
        uid = signing.loads(request.COOKIES.get(_name(audit), ""), salt=_SALT, max_age=LIVES)
    except signing.BadSignature:
        return False
    return bool(uid == str(audit.uid))


def _name(audit: Audit) -> str:
    return f"audit-{str(audit.uid)[:8]}"
