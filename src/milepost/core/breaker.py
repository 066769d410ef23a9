"""What all processes know about another server in trouble: until when it is left alone.

    breaker = Breaker("mail-server:mx.example.org", first=5, longest=600)
    if not breaker.pause: …                      # ask it, then one of
    breaker.failed("it hangs"); breaker.succeeded()

The first failure in a row opens a pause of `first` seconds, each further one doubles it, up to `longest`; then one question
tries. A success forgets it all.
"""

from django.core.cache import cache

from milepost.core import clock

KEPT = 24 * 3600


class Breaker:
    """The state of one server, in the cache that all processes share."""

    def __init__(self, server: str, *, first: float, longest: float) -> None:
        self._key, self._first, self._longest = server, first, longest

    @property
    def pause(self) -> float:
        """For how many seconds the server is to be left alone from now; 0 when it may be asked."""
        left = self._state()[1] - clock.now().timestamp()
        return max(0.0, left) if left <= self._longest else 0.0  # the clock went back since

    @property
    def reason(self) -> str:
        """What the last failure was; empty where all is well."""
        return self._state()[2]

    def failed(self, reason: str) -> None:
        """Note a failure; the pause begins."""
        failures = self._state()[0] + 1
        pause = min(self._first * 2 ** min(failures - 1, 20), self._longest)
        cache.set(self._key, (failures, clock.now().timestamp() + pause, reason[:300]), KEPT)

    def succeeded(self) -> None:
        """Forget the failures."""
        if self._state()[0]:
            cache.delete(self._key)

    def _state(self) -> tuple[int, float, str]:
        kept: tuple[int, float, str] = cache.get(self._key) or (0, 0.0, "")
        return kept
