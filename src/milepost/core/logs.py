"""Lines of the log: what happened to whom by number, and never what opens anything.

Whoever reads a log must not be able to sign as somebody, so links, tokens and codes are cut out of every line, tracebacks
included: what an address pattern calls a token, code or key; personal links (`core/links.py`) and whatever Django signs,
wherever they stand; values of query parameters and headers of such names; passwords in addresses of servers.

    with about(job=17, queue="mail"):        # all lines inside the block say so, on this thread
        …

`MILEPOST_LOG=json` writes an object a line, with a line for each request; `text` what people read, and no such lines.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.apps import apps

from milepost.core.outages import is_of_the_disk, is_outage

CUT = "…"
NAMES = r"token|code|key|secret|password|pin|signature|otp|session\w*|csrf\w*"
_SHAPES = (
    (re.compile(r"(?<![\w-])[\w-]{22}\.[\w-]{22}(?![\w-])"), CUT),  # a personal link
    (re.compile(r"[\w.+=/-]+:\w{6}:[\w-]{27,43}(?![\w-])"), CUT),  # signed by Django, with a time
    (re.compile(rf"(?i)([?&;\s\"'](?:{NAMES})=)[^\s&;\"']+"), rf"\g<1>{CUT}"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), rf"\g<1> {CUT}"),
    (re.compile(r"(\w+://[^\s:/@]*:)[^\s@/]+@"), rf"\g<1>{CUT}@"),  # a password in an address
    (
        re.compile(r"(/(?:confirm-email|reset/key)/)[^/\s]+"),
        rf"\g<1>{CUT}",
    ),  # allauth's, written as regular expressions
)
_A_WORD = re.compile(r"[\w-]*")
_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
_about: ContextVar[Callable[[], dict[str, Any]] | None] = ContextVar("about", default=None)


def redacted(text: str) -> str:
    """The text without what opens anything."""
    if _A_WORD.fullmatch(text):
        return (
            text  # whatever is cut out stands behind another sign: as most fields of a line are words, few are searched
        )
    for pattern in _addresses() if apps.ready else []:
        text = pattern.sub(_without_groups, text)
    for pattern, instead in _SHAPES:
        text = pattern.sub(instead, text)
    return text


def _without_groups(match: re.Match[str]) -> str:
    text = match[0]
    for number in range(len(match.groups()), 0, -1):
        first, last = (at - match.start() for at in match.span(number))
        text = text[:first] + CUT + text[last:]
    return text


@cache
def _addresses() -> list[re.Pattern[str]]:
    """What finds secrets in addresses, read off the address patterns of all rooms; the longest first."""
    from django.urls import get_resolver

    routes = sorted({route for route in _routes(get_resolver(), "") if _secret_names(route)}, key=len, reverse=True)
    return [re.compile(_pattern_of(route)) for route in routes]


def _routes(resolver: Any, before: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(getattr(pattern.pattern, "_route", ""))
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, route)
        else:
            yield route


def _secret_names(route: str) -> list[str]:
    return [name for _kind, name in _PARAMETER.findall(route) if re.fullmatch(NAMES, name)]


def _pattern_of(route: str) -> str:
    """`sign/<str:token>/` as an expression whose groups are the secrets. The last slash may be missing in a log."""
    pattern, at = "/", 0
    for parameter in _PARAMETER.finditer(route):
        is_secret = re.fullmatch(NAMES, parameter[2])
        pattern += re.escape(route[at : parameter.start()]) + (r"([^/\s?\"']+)" if is_secret else r"[^/\s?\"']+")
        at = parameter.end()
    return pattern + re.escape(route[at:].rstrip("/"))


# --- What lines are about -----------------------------------------------------------------------------------


@contextmanager
def about(tell: Callable[[], dict[str, Any]] | None = None, /, **fields: Any) -> Iterator[None]:
    """Have every line of the block on this thread carry these fields; `tell` is asked for them as each is written."""
    token = _about.set(tell or (lambda: fields))
    try:
        yield
    finally:
        _about.reset(token)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the record is about: what the block says, and its own `extra={"fields": {…}}`.

    Django tells of a request that went wrong once it is over; the request itself knows its number.
    """
    tell, asked = _about.get(), getattr(record, "request", None)
    number = getattr(asked, "request_id", "")
    return {**({"request": number} if number else {}), **(tell() if tell else {}), **getattr(record, "fields", {})}


class JSONFormatter(logging.Formatter):
    """An object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"message": record.getMessage(), **fields_of(record)}
        if record.exc_info and record.exc_info[0]:
            line["error"] = self.formatException(record.exc_info)
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
        clean = {name: redacted(value) if isinstance(value, str) else value for name, value in line.items()}
        return json.dumps(head | clean, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """What people read: the time, how grave it is, who says it, what, and in square brackets what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        return redacted(super().format(record) + (f" [{fields}]" if fields else ""))


class OutageFilter(logging.Filter):
    """While the database is away or the disk full, one line every few seconds says so, instead of a traceback for each who asked."""

    SECONDS = 5.0

    def __init__(self) -> None:
        super().__init__()
        self._silent_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if not is_outage(error):
            return True
        if time.monotonic() < self._silent_until:
            return False
        self._silent_until = time.monotonic() + self.SECONDS
        reason = " ".join(str(error).split())
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        what = "The disk can’t be written to" if is_of_the_disk(error) else "The database does not answer"
        record.msg, record.args = "%s: %s (%s)", (what, reason, record.getMessage())
        record.exc_info = record.exc_text = None
        return True
