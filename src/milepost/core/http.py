"""HTTP pieces that several rooms need: downloads, files with byte ranges, and whether htmx asks."""

import json
import mimetypes
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.http.request import RawPostDataException
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme

from milepost.core import blobs

# What nobody types, and no copied text brings (that has tabs, and line and page breaks): C0 and C1 of ISO 6429, and DEL.
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page rather than for the whole."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def page_before(request: HttpRequest) -> str:
    """The address of the page that led here, or on which the form stood that was sent; empty unless it is one of ours."""
    address = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours else ""


def next_of(request: HttpRequest) -> str:
    """Where somebody goes on, as `next` of the address says; the entrance unless that is an address of ours."""
    address = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours else "/"


def read_json(sent: str | bytes) -> Any:
    """JSON that somebody sent. Raises `ValueError` for anything else, and for texts that can’t be kept or shown.

    These are control characters and halves of surrogate pairs, which JSON can write with an escape and nobody can type.
    """
    try:
        value = json.loads(sent)
        for text in texts_in(value):
            text.encode()
            if CONTROLS.search(text):
                raise ValueError("A text holds a control character.")
    except RecursionError as error:
        raise ValueError("It is nested too deep.") from error
    return value


def json_of(request: HttpRequest) -> Any:
    """The JSON that was sent as the whole body. Raises `ValueError` as `read_json`, for a form too: its body was read already."""
    try:
        return read_json(request.body)
    except RawPostDataException as error:
        raise ValueError("A form was sent instead of JSON.") from error


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value that was read from JSON, names included."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def download(content: bytes, *, name: str, content_type: str, is_shown: bool = False) -> HttpResponse:
    """A file to keep under this name, or, if it `is_shown`, to look at in the browser first (RFC 6266)."""
    placed = content_disposition_header(not is_shown, name)
    headers = {"Content-Disposition": str(placed), "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def blob_download(organisation: UUID, digest: str, *, name: str) -> StreamingHttpResponse:
    """A stored file to keep under this name; one that is damaged never arrives in full. Raises `blobs.Missing`."""
    headers = {
        "Content-Disposition": str(content_disposition_header(True, name)),
        "Content-Length": str(blobs.size_of(organisation, digest)),
        "X-Content-Type-Options": "nosniff",
    }
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StreamingHttpResponse(blobs.chunks(organisation, digest), content_type=content_type, headers=headers)


def ranged_response(
    request: HttpRequest, part: Callable[[int, int], Iterator[bytes]], *, size: int, content_type: str, etag: str
) -> HttpResponseBase:
    """Serve a file whole, or the one byte range that the request asks for (RFC 9110, section 14).

    `part(first, length)` reads it. A range that can't be satisfied gets 416; several ranges at once, or a range for
    another entity than `etag` (If-Range), get the whole file, as the standard allows.
    """
    quoted = f'"{etag}"'
    headers = {"Accept-Ranges": "bytes", "ETag": quoted, "X-Content-Type-Options": "nosniff"}
    if request.headers.get("If-None-Match") == quoted:
        return HttpResponse(status=304, headers=headers)
    wanted = _RANGE.match(request.headers.get("Range", "").strip())
    if not wanted or wanted.groups() == ("", "") or request.headers.get("If-Range", quoted) != quoted:
        headers |= {"Content-Length": str(size)}
        return StreamingHttpResponse(part(0, size), content_type=content_type, headers=headers)
    first, last = _bounds(*wanted.groups(), size=size)
    if first > last:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers |= {"Content-Range": f"bytes {first}-{last}/{size}", "Content-Length": str(last - first + 1)}
    return StreamingHttpResponse(part(first, last - first + 1), status=206, content_type=content_type, headers=headers)


def _bounds(first: str, last: str, *, size: int) -> tuple[int, int]:
    if not first:  # "the last N bytes"
        return max(size - int(last), 0), size - 1 if int(last) else -1
    return int(first), min(int(last), size - 1) if last else size - 1
