"""What every answer has its browser do, whoever made it: a page, a file, an error, a redirect, a word to a program.

It stands outermost. Nothing is kept by a browser or a proxy unless the view says otherwise in a `Cache-Control` of its own, and
nothing is shown within another site; `tests/test_answers.py` walks every address and names each view that says otherwise.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.csp import CSP, build_policy

METHODS = ("GET", "HEAD", "POST")

# What a browser may be asked for by a page of ours; everything else that Permissions Policy knows of and that harms, by nobody.
_OURS = (
    "autoplay",
    "clipboard-write",
    "fullscreen",
    "geolocation",
    "publickey-credentials-create",
    "publickey-credentials-get",
)
_NOBODYS = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "gyroscope",
    "hid",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
PERMISSIONS = ", ".join([*(f"{name}=(self)" for name in _OURS), *(f"{name}=()" for name in _NOBODYS)])

# For what is no page: a file that is opened by itself runs nothing and is framed by nobody. SVGs carry their styles with them.
OF_FILES = build_policy(
    {
        "default-src": [CSP.NONE],
        "style-src": [CSP.UNSAFE_INLINE],
        "form-action": [CSP.NONE],
        "frame-ancestors": [CSP.NONE],
    }
)


class ProtectionMiddleware:
    """The headers that each answer has, Django's `SecurityMiddleware` included; refuses methods that no view takes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.unless_said = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": OF_FILES,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": PERMISSIONS,
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
        }
        self.over_https = {"Strict-Transport-Security": _hsts()} if settings.SECURE_HSTS_SECONDS else {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in METHODS:
            response = self.get_response(request)
        else:  # TRACE and whatever else somebody thinks of, before anything looks at it
            response = HttpResponse(status=405, headers={"Allow": ", ".join(METHODS)})
        headers = self.unless_said | self.over_https if request.is_secure() else self.unless_said
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


def _hsts() -> str:
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    parts += ["includeSubDomains"] * settings.SECURE_HSTS_INCLUDE_SUBDOMAINS + [
        "preload"
    ] * settings.SECURE_HSTS_PRELOAD
    return "; ".join(parts)
