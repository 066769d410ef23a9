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

What answers a request has one `Allowance` for all files that it reads (`as_one`): a second child gets what the first has left.
"""

import json
import logging
import os
import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ClassVar, Self, cast

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from milepost.core.refusals import Refused
from milepost.core.sandbox import channel
from milepost.core.sandbox.client import ForkServer
from milepost.core.sandbox.places import Places

IS_POSSIBLE = hasattr(os, "fork")
SECONDS = 1.6  # of CPU, of all children of a request together: with what goes on around them, less than 2
MEMORY = 176 << 20  # bytes beyond what the process has when it begins: with that, less than 300 MB
LEAST = 0.05  # seconds, with less of which no child is begun
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

    seconds: float
    wall: float
    memory: int

    def within(self, seconds: float) -> Self:
        """These, with no more than so many seconds of CPU."""
        seconds = min(self.seconds, seconds)
        return replace(self, seconds=seconds, wall=WALL * seconds)


class Allowance:
    """Seconds of CPU that some children may use together. What one says that it used is believed; one that says nothing used all."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, seconds: float) -> None:
        if seconds > 0:
            self.left -= seconds


logger = logging.getLogger(__name__)
places = Places()
_server = ForkServer()
_parent: Any = None  # the connection to who asked, in a child
_allowance: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def as_one(seconds: float = SECONDS) -> Iterator[Allowance]:
    """Whatever is read within may cost so many seconds of CPU together, however many files and children that takes."""
    allowance = Allowance(seconds)
    token = _allowance.set(allowance)
    try:
        yield allowance
    finally:
        _allowance.reset(token)


def confined[**P, R](
    refusal: type[Unreadable],
    *,
    seconds: float = SECONDS,
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
                return cast(R, _ask(name, (get_language(), args, kwargs), refusal, limits))

        vars(call).update(refusal=refusal, loads=loads, limits=limits)
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


def hurry() -> None:
    """In a process that answers pages: refuse a file (503) rather than wait for what children are forked from, where that is stopped."""
    _server.hurry()


def _here[R](function: Callable[..., R], refusal: type[Unreadable], args: Any, kwargs: Any) -> R:
    try:
        return function(*args, **kwargs)
    except Refused:
        raise
    except Exception as error:
        raise refusal.at("") from error


def _ask(name: str, request: tuple[Any, ...], refusal: type[Unreadable], limits: Limits) -> Any:
    allowance = _allowance.get() or Allowance(limits.seconds)
    limits = limits.within(allowance.left)
    if limits.seconds < LEAST:
        logger.warning("A file was not read (%s): others of the same request took the time", name)
        raise refusal.at("")
    place, spent = "", limits.seconds  # all of it, unless the child says otherwise
    with _connected(name) as connection:
        connection.settimeout(limits.wall + 1)
        try:
            channel.send(connection, channel.REQUEST, pickle.dumps((limits, request)))
            while (said := channel.receive(connection, at_most=MAX_ANSWER))[0] in channel.ON_THE_WAY:
                if said[0] == channel.SPENT:
                    spent = float(said[1][:20])
                else:
                    place = said[1][:500].decode(errors="replace")
            kind, payload = said
            if kind == channel.FAILED:
                raise ConnectionAbortedError(payload[:100].decode(errors="replace"))
            value = payload if kind == channel.BYTES else json.loads(payload)
        except (OSError, ValueError, RecursionError) as error:  # it failed, was ended, is held up, or babbles
            logger.warning("A file could not be read (%s%s): %s", name, place and f", at {place}", error)
            if isinstance(error, ConnectionResetError) and _server.has_ended():
                raise TooManyFiles from error  # no file does that: it is to be sent once more
            raise refusal.at(place) from error
        finally:
            allowance.spend(spent)
    if kind == channel.REFUSED:
        told = value if isinstance(value, dict) else {}
        raise refusal(str(told.get("sentence", "")), field=str(told.get("field", "")))
    return value


def _connected(name: str) -> socket.socket:
    try:
        return _server.connect(name)
    except channel.ServerSilent as error:
        logger.warning("What reads files does not answer (%s)", error)
        raise TooManyFiles from error


def answer(
    connection: Any, function: Callable[..., Any], args: Any, kwargs: Any, *, spent: Callable[[], float]
) -> None:
    """In a child: run the function, and send what it answers or refuses, and the seconds of CPU that it took."""
    global _parent
    _parent = connection
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        if not isinstance(error, vars(function)["refusal"]):
            raise
        kind, payload = channel.REFUSED, json.dumps({"sentence": str(error), "field": error.field}).encode()
    else:
        is_bytes = isinstance(value, bytes)
        kind, payload = (channel.BYTES, value) if is_bytes else (channel.VALUE, json.dumps(value).encode())
    channel.send(connection, channel.SPENT, b"%f" % spent())
    channel.send(connection, kind, payload)
