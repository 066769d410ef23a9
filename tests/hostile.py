"""What nobody means to send, and how it is brought to every form and query that there is.

`Attack` finds the fields by itself: those of the forms on a page, and those that the view's module reads. So an address that
somebody adds is covered without a word here.
"""

import inspect
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpResponseBase
from django.test import Client
from openpyxl import Workbook

from tests.thorough import IS_THOROUGH

SOME = 1  # on each database: another on SQLite than on PostgreSQL, so that a run on both has two
HUGE = "9" * 30  # beyond bigint
DEEP = "[" * 3_000 + "]" * 3_000
TEXTS = [
    "", "²", "NaN", "-1", HUGE, "1e400", "Infinity", "\ud800", "🜁" * 400, "%00", "\x1b\x7f\u202e", "{{7*7}}{x}%s", "../../etc/passwd",
    "http://[::1", "//evil.example", "[]", "null", '{"a": {"b": [1, NaN]}}', '"\\ud800"', "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
]  # fmt: skip
DATES = [
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "2023-02-29",
    "+275760-09-13",
    "01/01/1",
    "99:99",
    "9999-12-31T23:59",
    HUGE,
]
NUMBERS = ["NaN", "-1", "0", HUGE, "1e400", "-0.0", "0x10", "١٢", "1_000", "2147483648", "9223372036854775808"]
OBJECTS = [
    DEEP,
    '{"strokes":[[NaN]]}',
    '{"width":1e999,"height":-1,"strokes":"x"}',
    "[[[]]]",
    '[{"x":{}}]',
    '{"places":[null]}',
]
LARGE = "x" * 1_000_000
NOISE = {
    "HTTP_ACCEPT_LANGUAGE": "fr;q=NaN,*;q=-1,\xe9\xff,x-" + "a-" * 300,
    "HTTP_RANGE": f"bytes={HUGE}-{HUGE}",
    "HTTP_IF_RANGE": '"',
    "HTTP_IF_MODIFIED_SINCE": "Mon, 99 Foo 99999 99:99:99 GMT",
    "HTTP_IF_NONE_MATCH": 'W/"' + "a" * 3_000,
    "HTTP_COOKIE": 'sessionid="\\377\\"; django_language=\xff; messages={"; csrftoken=; =;;; a' + "=" * 300,
    "HTTP_HX_REQUEST": "true",
    "HTTP_HX_CURRENT_URL": "http://[::1",
    "HTTP_X_FORWARDED_FOR": "::::,999.1.1.1,\xff",
    "HTTP_REFERER": "http://[::1",
}


def damaged_files() -> Iterator[tuple[str, bytes]]:
    """Files of every kind that somebody may take in, each broken in another way."""
    book, text = io.BytesIO(), io.BytesIO()
    Workbook().save(book)
    with zipfile.ZipFile(text, "w") as archive:
        archive.writestr("../../course.md", "---\ntitle: [\n---\n")
        archive.writestr("course.md", "---\ntitle: &a [*a]\nslug: {}\n---\n")
        archive.writestr("01-a/module.md", b"\xff\xfe---")
    yield from {
        "cut.xlsx": book.getvalue()[:900],
        "empty.xlsx": book.getvalue(),
        "text.xlsx": b"a,b\n1,2",
        "cut.zip": text.getvalue()[:-40],
        "strange.zip": text.getvalue(),
        "hidden.csv": b"Email,Name\n\x00,\xff\xfe\n" + b'"' * 999,
        "wide.csv": b",".join([b"Email"] * 2_000) + b"\n" + b"a," * 2_000,
        "cut.pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>",
        "cut.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff",
        "deep.json": DEEP.encode(),
        "none.txt": b"",
        "../\u202e" + "n" * 300 + ".exe": b"MZ" * 99,
    }.items()


@dataclass
class Form:
    """A form of a page: where it goes, and what a browser would send."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms, self._select = path, list[Form](), ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(given.get("action") or self.path, given.get("method", "get").lower()))
        name = given.get("name", "")
        if tag == "option" and self._select and ("selected" in given or not self.forms[-1].values[self._select]):
            self.forms[-1].values[self._select] = given.get("value", "")
        if tag in ("input", "select", "textarea", "button") and name and self.forms:
            kind = given.get("type", tag)
            self.forms[-1].types[name] = kind
            self.forms[-1].values.setdefault(name, given.get("value") or PLAUSIBLE.get(kind, "x"))
            self._select = name if tag == "select" else ""
            if tag == "select":
                self.forms[-1].values[name] = ""


PLAUSIBLE = {
    "date": "2026-12-01",
    "email": "a@b.example",
    "number": "1",
    "time": "09:00",
    "checkbox": "on",
    "hidden": "",
}


def forms_in(html: str, path: str) -> list[Form]:
    parser = _Forms(path)
    parser.feed(html)
    return parser.forms


def names_read_by(view: Any) -> set[str]:
    """The fields that the module of the view reads, by itself or with the forms that it uses."""
    module = sys.modules[inspect.unwrap(view).__module__]
    source = inspect.getsource(module)
    names = set(
        re.findall(r"""(?:GET|POST|FILES|data|query)(?:\.get|\.getlist|\.pop)?[(\[,]\s*["']([\w-]+)["']""", source)
    )
    forms = [thing for thing in vars(module).values() if inspect.isclass(thing) and issubclass(thing, BaseForm)]
    return (
        names | {name for form in forms for name in getattr(form, "base_fields", {})} | {"page", "q", "next", "cursor"}
    )


class Attack:
    """Sends, undoes, and keeps what failed. `sent` counts the requests."""

    def __init__(self) -> None:
        self.sent = 0
        self.failures: dict[str, str] = {}
        self.speechless: set[str] = set()
        self._known: set[str] = set()
        self._raised: list[BaseException] = []
        got_request_exception.connect(self._keep)

    def _keep(self, **_signal: Any) -> None:
        self._raised.append(sys.exception())  # type: ignore[arg-type]

    def send(
        self, client: Client, method: str, path: str, *arguments: Any, what: str = "", **more: Any
    ) -> HttpResponseBase:
        """One request, whose traces are undone."""
        cookies, self._raised = client.cookies.copy(), []
        with transaction.atomic():
            answer: Any = _sent(client, method, path, *arguments, **more)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            transaction.set_rollback(True)
        client.cookies = cookies
        self.sent += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            error = self._raised[-1] if self._raised else None
            where = f"{type(error).__name__}: {str(error)[:120]}"
            self.failures.setdefault(f"{method} {path[:90]} {where}", what[:160])
        elif answer.status_code in (400, 413, 422) and b"<h1" not in content and b"{" not in content:
            self.speechless.add(f"{method} {path[:90]}: {answer.status_code} {content[:60]!r}")
        return answer  # type: ignore[no-any-return]

    def on(self, client: Client, path: str, names: set[str]) -> None:
        """Everything hostile, to one address, for one person."""
        page: Any = self.send(client, "get", path)
        if page.status_code == 404:
            return
        forms = forms_in(page.text, path) if page.headers.get("Content-Type", "").startswith("text/html") else []
        names = names | {name for form in forms for name in form.types}
        for query in self._spread(names, TEXTS):
            self.send(client, "get", path, query, what=repr(query))
        self.send(client, "get", path, **NOISE, what="headers")
        if self.send(client, "post", path).status_code in (403, 404, 405):
            return
        for values in self._spread(names, [*TEXTS, *DATES[:3], OBJECTS[0]]):
            self.send(client, "post", path, values, what=repr(values))
        for body, content_type in self._some(BODIES, path):
            self.send(client, "raw", path, body, content_type=content_type, what=f"{content_type} {body[:60]!r}")
        for form in forms:
            if form.method == "post" and form.action not in self._known:
                self._known.add(form.action)
                self._each_field_of(client, form)

    def _spread(self, names: set[str], values: list[str]) -> Iterator[dict[str, Any]]:
        """Each value to each name once, or, in the usual short run, every name a few of them."""
        ordered = sorted(names)
        for turn in self._some(range(len(values)), "".join(ordered)):
            yield {name: _plain(values[(turn + at) % len(values)]) for at, name in enumerate(ordered)}

    def _some[T](self, values: Sequence[T], which: str) -> list[T]:
        """All of them when all is asked for, else a few: others at another place, the same ones in every run."""
        if IS_THOROUGH or len(values) <= SOME:
            return list(values)
        step, first = len(values) // SOME, zlib.crc32(which.encode())
        return [values[(first + turn * step) % len(values)] for turn in range(SOME)]

    def briefly(self, client: Client, path: str, names: set[str]) -> None:
        """A little of it, for whoever may open little."""
        value = _plain("\ud800")
        self.send(client, "get", path, dict.fromkeys(names, HUGE), **NOISE)
        self.send(client, "post", path, dict.fromkeys(names, value))

    def _each_field_of(self, client: Client, form: Form) -> None:
        """One field is hostile, the others are as somebody would fill them in: what is behind the first check is reached."""
        for name, kind in form.types.items():
            if kind == "file":
                for file_name, content in DAMAGED:
                    sent = form.values | {name: SimpleUploadedFile(file_name, content)}
                    self.send(client, "post", form.action, sent, what=f"{name}={file_name}")
            for value in self._some(_values_of(kind), name):
                self.send(
                    client, "post", form.action, form.values | {name: _plain(value)}, what=f"{name}={value!r:.80}"
                )


def _sent(client: Client, method: str, path: str, *arguments: Any, **more: Any) -> Any:
    if method == "raw":  # a body as it is
        return client.generic("POST", path, *arguments, **more)
    return getattr(client, method)(path, *arguments, **more)


def _values_of(kind: str) -> list[str]:
    if kind in ("date", "datetime-local", "time", "month"):
        return DATES
    if kind in ("number", "range"):
        return NUMBERS
    if kind == "hidden":
        return [*OBJECTS, HUGE, "\ud800"]
    if kind in ("checkbox", "radio", "submit", "button", "select"):
        return [HUGE, "\ud800", "²"]
    return ["", "\ud800", HUGE, "9999-12-31", "²", LARGE]


def _plain(value: str) -> str | bytes:
    """Half a surrogate pair, as bytes that are no UTF-8."""
    return value.encode("utf-8", "surrogatepass") if "\ud800" in value else value


DAMAGED = list(damaged_files())
BODIES: list[tuple[bytes, str]] = [
    (DEEP.encode(), "application/json"),
    (b'{"a": 1, "a": {"a": NaN}, "position": 1e999, "ranges": [[1]]}', "application/json"),
    (json.dumps({"position": 10**400, "ranges": [[0, 10**400]] * 3}).encode(), "application/json"),
    (b'{"position": "\\ud800", "ranges": [["\\ud800", 1]]}', "text/plain"),
    (b"\xff\xfe[]", "application/json; charset=nonsense"),
    (b"a=%ED%A0%80&a=%FF&%=%&=&&&a=1&a=2", "application/x-www-form-urlencoded"),
    (b"&".join(b"a%d=1" % number for number in range(1_200)), "application/x-www-form-urlencoded"),
    (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', "multipart/form-data; boundary=x"),
    (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\nContent-Type: \r\n\r\n\r\n--x--',
        "multipart/form-data; boundary=x",
    ),
    (b"rubbish", "multipart/form-data"),
    (b"rubbish", "multipart/form-data; boundary=" + "é" * 3),
]
