"""The cookie of a session: its key, and a signature that only this server makes. What lies in the database opens no session.

    sessionid=0c6…kq.Zx…    the key of the row, and Django's signature of it under the server's secret, or an earlier one

Whoever has a copy of the database knows the keys of its sessions, and would be everybody who is signed in.
"""

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse


def _signer() -> Signer:
    return Signer(salt="milepost.sessions", sep=".")


def cookie_of(key: str) -> str:
    """What the browser of the session with this key has in its cookie."""
    return _signer().sign(key)


def key_in(cookie: str | None) -> str | None:
    """The session's key, or None for a cookie that is not ours."""
    try:
        return _signer().unsign(cookie) if cookie else None
    except BadSignature:
        return None


class SignedSessionMiddleware(SessionMiddleware):
    """Django's, with a signed cookie."""

    def process_request(self, request: HttpRequest) -> None:
        cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME)  # never: cookies (as Django’s own middleware)
        request.session = self.SessionStore(key_in(cookie))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        kept = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if kept is not None and kept.value:
            response.cookies[settings.SESSION_COOKIE_NAME] = cookie_of(kept.value)  # its attributes stay
        return response
