"""What other servers answer over HTTP, with bounds: none of them can hold a worker, or fill its memory.

    answer = fetch("https://meet.example.org/api/…", within=8, at_most=4 * 1024 * 1024)

Every room that calls another server calls it here. The answer is there within so many seconds and is no larger than so
many bytes, or `NoAnswer` says in a few words why not: words for a log, that hold no address with secrets in it. Looking
up the name is the only step whose end the operating system decides.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from milepost.core.leash import Leash

if TYPE_CHECKING:
    import requests  # never: network in this file (the one place that asks)

CONNECTING = 4.0  # seconds until somebody is there


class NoAnswer(ConnectionError):
    """The other server is not there, is too slow, sends too much, or answers with an error; the message says which."""


@dataclass(frozen=True)
class Answer:
    """What came back, in full."""

    content: bytes
    content_type: str
    status: int = 200


def fetch(
    url: str,
    *,
    within: float,
    at_most: int,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    errors: Collection[int] = (),
    only_outside: bool = False,
) -> Answer:
    """GET the address, or POST `content` to it. `within` is in seconds, `at_most` in bytes. Raises `NoAnswer`.

    `errors` are statuses from 400 on that say something: they are answers, too. `only_outside` is for addresses that the
    operator did not set: no connection is made to a machine of this network, except to those in `INNER_NETWORKS`.
    """
    from milepost.core.held_connections import request_of, session_on  # which bring requests: few processes ask anybody

    host = urlsplit(url).hostname or url
    leash = Leash(host)
    try:
        with leash.within(within), session_on(leash, only_outside=only_outside) as session:
            request = request_of(url, content, headers)
            return _answer(session, request, leash, within=within, at_most=at_most, errors=errors)
    except NoAnswer:
        raise
    except TimeoutError as error:
        raise NoAnswer(str(error)) from None
    except OSError as error:  # those of requests are, too; their words hold the whole address
        raise NoAnswer(f"{host}: {_reason(error)}.") from None
    finally:
        leash.let_go()


def _answer(
    session: "requests.Session",
    request: "requests.Request",
    leash: Leash,
    *,
    within: float,
    at_most: int,
    errors: Collection[int],
) -> Answer:
    times = (min(CONNECTING, within), within)
    with session.send(session.prepare_request(request), stream=True, timeout=times, allow_redirects=False) as response:
        if response.is_redirect:  # to whatever host it says, with what was meant for this one
            raise NoAnswer(
                f"{leash.server} leads elsewhere (status {response.status_code}): set the address that it leads to."
            )
        if response.status_code >= 400 and response.status_code not in errors:
            raise NoAnswer(f"{leash.server} answers with status {response.status_code}.")
        content = bytearray()
        for part in response.iter_content(64 * 1024):
            content += part
            if len(content) > at_most:
                raise NoAnswer(f"{leash.server} sends more than {at_most} bytes.")
        if leash.is_over:  # a connection that was shut looks like the end of what has no length
            raise TimeoutError
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(bytes(content), kind, response.status_code)


def _reason(error: BaseException) -> str:
    """The words of what was at the bottom of it: a refused connection, an unknown name, a bad certificate."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return str(getattr(error, "strerror", None) or type(error).__name__)
