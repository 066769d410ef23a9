"""Every cookie that Milepost keeps in a browser beside Django's own: named, flagged and read in one place.

    CHOICE = Cookie("choice")                     # of the whole site
    CHOICE.keep(response, "a", seconds=3600)
    CHOICE.of(request)                            # "a", or "" where there is none

Over HTTPS its name begins with `__Host-`, or with `__Secure-` where it is sent below one path only: a browser takes such a name
from this very host alone, so that no other server of the same domain can plant one (RFC 6265bis, section 4.1.3). No script reads
them, and they do not travel with what other sites send.
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


@dataclass(frozen=True)
class Cookie:
    """One cookie. What `is_below` a path is sent with what lies below it; the others with everything."""

    name: str
    is_below: bool = False

    @property
    def full_name(self) -> str:
        """Its name in the browser."""
        return (settings.PREFIX_BELOW if self.is_below else settings.PREFIX_OF_HOST) + self.name

    def keep(self, response: HttpResponseBase, value: str, *, seconds: int, path: str = "/") -> None:
        """Let the browser keep the value for so long."""
        response.set_cookie(  # never: cookies (here it is)
            self.full_name,
            value,
            max_age=seconds,
            path=path,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )

    def forget(self, response: HttpResponseBase, *, path: str = "/") -> None:
        """Have the browser forget it."""
        response.delete_cookie(self.full_name, path=path, samesite="Lax")

    def of(self, request: HttpRequest) -> str:
        """What the browser kept, or nothing."""
        return request.COOKIES.get(self.full_name, "")  # never: cookies (here it is)


LANGUAGE = Cookie("django_language")  # chosen by the person; without it pages speak the language of whom they are for
