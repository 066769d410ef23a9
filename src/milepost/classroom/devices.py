"""By what a browser is known again when it signs: numbers of ours, in a cookie and in the two stores that a page has.

Whoever throws one of them away is given it back from another (`static/classroom/device-number.js`); whoever throws away all, or
opens a private window, has a new number: docs/attendance.md says so. A number is random and signed, so nobody makes one up. What
an attendance keeps of it is a fingerprint that holds within one session: nobody is followed from one to the next.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Self
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from milepost.classroom.models import LiveSession
from milepost.core import clock, links
from milepost.core.cookies import Cookie

KEPT = 5  # numbers of one browser: more than one only where parts of what it kept were thrown away
LIVES = 400 * 86_400  # seconds; browsers keep no cookie for longer
_COOKIE, _BETWEEN, _USE = Cookie("device", is_below=True), "~", "device"


@dataclass(frozen=True)
class Device:
    """A browser, by its numbers; the eldest first, so that it stays the first whatever is added. One that `is_new` brought none.

    It may have `brought` more numbers than are kept.
    """

    numbers: tuple[UUID, ...]
    is_new: bool = False
    brought: frozenset[UUID] = frozenset()

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """The browser of this request, by its cookie and by what its page sent along; with a new number if it has none."""
        sent = f"{_COOKIE.of(request)}{_BETWEEN}{request.POST.get('device', '')}"[:1_000]
        numbers = {number for token in sent.split(_BETWEEN) if (number := links.uid_in(token, _USE))}
        if not numbers:
            return cls((_new_number(),), is_new=True)
        return cls(tuple(sorted(numbers, key=lambda number: number.bytes)[:KEPT]), brought=frozenset(numbers))

    def fingerprints(self, session: LiveSession) -> tuple[str, ...]:
        """What attendances of the session know it by, SHA-256; of another session, others."""
        return tuple(sha256(session.uid.bytes + number.bytes).hexdigest() for number in self.numbers)

    @property
    def tokens(self) -> str:
        """What the browser keeps."""
        return _BETWEEN.join(links.token(_USE, number) for number in self.numbers)

    @property
    def name(self) -> str:
        """By which a code that was scanned with it says so."""
        return str(self.numbers[0])

    def is_another_than(self, name: str) -> bool:
        """Whether it is none of that name; one that brought no number may be."""
        return bool(name) and not self.is_new and name not in map(str, self.brought)

    def remember(self, response: HttpResponseBase) -> None:
        """Let the browser keep it; its page puts it into the other two places."""
        below = reverse("sign", args=["x"]).removesuffix("x/")
        _COOKIE.keep(response, self.tokens, seconds=LIVES, path=below)


def _new_number() -> UUID:
    """80 random bits after the time in milliseconds, by which the eldest is known."""
    return UUID(bytes=int(clock.now().timestamp() * 1000).to_bytes(6) + secrets.token_bytes(10))
