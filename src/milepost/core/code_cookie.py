"""How a browser stays identified after its person typed the one-time code of a link: a signed cookie, for that link alone.

    BROWSERS = CodeCookie("document", lives=timedelta(minutes=30))

    BROWSERS.remember(response, signatory.uid, path=reverse("signatory", args=[token]))   # the code was right
    BROWSERS.knows(request, signatory.uid)                                                # at each page behind it

Nothing is kept in the row: that somebody typed the code elsewhere opens nothing here.
"""

from datetime import timedelta
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from milepost.core import clock
from milepost.core.cookies import Cookie


class CodeCookie:
    """The cookies of one use of links; one for another use, or of another link, opens nothing. They end after `lives`."""

    def __init__(self, use: str, *, lives: timedelta) -> None:
        self.use = use
        self.lives = lives

    def remember(self, response: HttpResponseBase, uid: UUID, *, path: str) -> None:
        """Let this browser in below the path, from now on and for as long as `lives`."""
        value = signing.dumps([str(uid), clock.now().timestamp()], salt=self._salt)
        self._cookie(uid).keep(response, value, seconds=int(self.lives.total_seconds()), path=path)

    def knows(self, request: HttpRequest, uid: UUID) -> bool:
        """Whether the code of this link was typed in this browser, no longer ago than `lives`."""
        try:
            whose, typed_at = signing.loads(self._cookie(uid).of(request), salt=self._salt)
        except (signing.BadSignature, ValueError):
            return False
        since = clock.now().timestamp() - typed_at
        return bool(whose == str(uid) and 0 <= since < self.lives.total_seconds())

    @property
    def _salt(self) -> str:
        return f"milepost.code-cookie:{self.use}"

    def _cookie(self, uid: UUID) -> Cookie:
        return Cookie(f"{self.use}-{str(uid)[:8]}", is_below=True)
