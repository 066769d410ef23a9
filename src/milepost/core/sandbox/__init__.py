"""Parsers of other people's files, each in a process of its own, within limits of time and memory.

A file can be made to keep a parser busy for minutes, to have it fill the memory, or to crash it. So whatever reads one is a
function that is `confined`: called anywhere, it runs in a child process, and whatever befalls it there is one refusal.

    @confined(RefusedPdf)
    def page_count(content: bytes) -> int:               # pure: it knows nothing but its arguments
        with pikepdf.open(io.BytesIO(content)) as file:
            return len(file.pages)

    pages = page_count(content)                          # or RefusedPdf: broken, too slow, too large, crashed

It is given what can be pickled, and answers bytes, or what JSON can say; so the parent unpickles nothing that such a child wrote.
A `Refused` of the class that it names passes through with its own sentence. It touches no database, no file and no network.

The child is a fork of a process that has Django and the parsers loaded and has never seen a file (`fork_server`): it is there in
milliseconds, and ends with its answer. All processes under one `milepost up` share that one; any other has its own. There are few `places` in each process; whoever finds none free is told so (503) instead
of keeping others waiting. Where there are no forks (Windows), functions run where they are called, without limits.
"""

import json
import logging
import os
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Self, cast

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from milepost.core.refusals import Refused
from milepost.core.sandbox import channel
from milepost.core.sandbox.client import ForkServer
from milepost.core.sandbox.places import Places

IS_POSSIBLE = hasattr(os, "fork")
SECONDS = 2  # of CPU
MEMORY = 176 << 20  # bytes beyond what the process has when it begins: with that, less than 300 MB
WALL = 5  # times as many seconds by the clock as of CPU: others are at work, too
MAX_ANSWER = 128 << 20  # bytes


class Unreadable(Refused):
    """A file can't be read: it is broken, or reading it would take too long or too much memory."""

    sentence: ClassVar[str | Promise] = gettext_lazy(
        "The file can’t be read: it is broken, or made so that reading it takes too long. Save it anew, then bring that."
    )
    status = 422

    @classmethod
    def at(cls, place: str) -> Self:
        """The refusal of a file whose reading ended without an answer, at a `place` that it had told of ('' for none)."""
        return cls()


class TooManyFiles(Refused):
    """As many files are being read as this process has places for."""

    sentence = gettext_lazy("Too many files are being read at this moment. Wait a few seconds, then try again.")
    status = 503
    retry_after = 5


@dataclass(frozen=True)
class Limits:
    """What one call may cost: seconds of CPU and by the clock, and bytes of memory."""

    seconds: int
    wall: int
    memory: int


logger = logging.getLogger(__name__)
places = Places()
_server = ForkServer()
_parent: Any = None  # the connection to who asked, in a child


def confined[**P, R](
    refusal: type[Unreadable],
    *,
    seconds: int = SECONDS,
    memory: int = MEMORY,
    by_strangers: bool = False,
    loads: Sequence[str] = (),
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function run in a child process; any end without an answer is told as `refusal`.

    Functions that anybody may call without signing in are `by_strangers`: they leave places to members. Modules that the
    function imports when it runs are named in `loads`, so that no child has to. A call raises `refusal`, or `TooManyFiles`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = f"{function.__module__}:{function.__qualname__}"
        limits = Limits(seconds, WALL * seconds, memory)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if _parent is not None:  # this is the child
                return function(*args, **kwargs)
            with places.taken(TooManyFiles, by_strangers=by_strangers):
                if not IS_POSSIBLE:
                    return _here(function, refusal, args, kwargs)
                return cast(R, _ask(name, (limits, get_language(), args, kwargs), refusal, limits))

        vars(call).update(refusal=refusal, loads=loads)
        return call

    return decorate


def at(place: str) -> None:
    """In a child: tell which part of the file it is at, so that a refusal can name it."""
    if _parent is not None:
        channel.send(_parent, channel.PLACE, place.encode())


def prepare() -> None:
    """Start what children are forked from where none runs, without waiting for it: the first file is then as quick as the second."""
    if IS_POSSIBLE:
        _server.prepare()


def _here[R](function: Callable[..., R], refusal: type[Unreadable], args: Any, kwargs: Any) -> R:
    try:
        return function(*args, **kwargs)
    except Refused:
        raise
    except Exception as error:
        raise refusal.at("") from error


def _ask(name: str, request: tuple[Any, ...], refusal: type[Unreadable], limits: Limits) -> Any:
    place = ""
    with _server.connect(name) as connection:
        connection.settimeout(limits.wall + 1)
        try:
            channel.send(connection, channel.REQUEST, pickle.dumps(request))
            while (said := channel.receive(connection, at_most=MAX_ANSWER))[0] == channel.PLACE:
                place = said[1][:500].decode(errors="replace")
            kind, payload = said
            if kind == channel.FAILED:
                raise ConnectionAbortedError(payload[:100].decode(errors="replace"))
            value = payload if kind == channel.BYTES else json.loads(payload)
        except (OSError, ValueError, RecursionError) as error:  # it failed, was ended, is held up, or babbles
            logger.warning("A file could not be read (%s%s): %s", name, place and f", at {place}", error)
            raise refusal.at(place) from error
    if kind == channel.REFUSED:
        told = value if isinstance(value, dict) else {}
        raise refusal(str(told.get("sentence", "")), field=str(told.get("field", "")))
    return value


def answer(connection: Any, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
    """In a child: run the function, and send what it answers or refuses."""
    global _parent
    _parent = connection
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        if not isinstance(error, vars(function)["refusal"]):
            raise
        told = {"sentence": str(error), "field": error.field}
        channel.send(connection, channel.REFUSED, json.dumps(told).encode())
    else:
        if isinstance(value, bytes):
            channel.send(connection, channel.BYTES, value)
        else:
            channel.send(connection, channel.VALUE, json.dumps(value).encode())
