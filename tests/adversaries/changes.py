"""Every change of a file that is made of bytes, JSON, lines of JSON, or a table; and of a zip that holds such files."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

type Files = dict[str, bytes]
INSTANT = re.compile(r"(\d{4})-(\d\d-\d\d(?:T.*Z)?)")
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def another(value: Any) -> Any:
    """A value of the same sort that is not the same."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case None:
            return "2026-11-26T08:30:00.000000Z"
        case str() if instant := INSTANT.fullmatch(value):
            return f"{int(instant[1]) - 1}-{instant[2]}"
        case str() if re.fullmatch("[0-9a-f]+", value) or UID.fullmatch(value):
            return ("1" if value[0] == "0" else "0") + value[1:]
        case str():
            return f"{value}x"
    raise AssertionError(value)


def of_json(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Where something can be changed, and to what: each leaf, each member and element gone, an element more in each list."""
    if isinstance(value, dict):
        for name in value:
            yield from of_json(value[name], (*so_far, name))
            yield so_far, {other: value[other] for other in value if other != name}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from of_json(inner, (*so_far, at))
            yield so_far, [*value[:at], *value[at + 1 :]]
        yield so_far, [*value, value[-1] if value else {"code": "invented"}]
    else:
        yield so_far, another(value)


def put(value: Any, where: tuple[Any, ...], to: Any) -> Any:
    """The value with this at this place."""
    if not where:
        return to
    copy = value.copy()
    copy[where[0]] = put(value[where[0]], where[1:], to)
    return copy


def of_documents(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Of a JSON file; what it holds as the text of JSON, too, is changed within."""
    told = json.loads(content)
    for where, to in of_json(told):
        name = ".".join(map(str, where)) or "whole"
        yield name, dumped(put(told, where, to))
        inner = _at(told, where)
        if isinstance(inner, str) and inner.startswith("{"):
            said = json.loads(inner)
            for deep, changed in of_json(said):
                text = dumped(put(said, deep, changed)).decode()
                yield f"{name}: {'.'.join(map(str, deep)) or 'a member gone'}", dumped(put(told, where, text))


def of_lines(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Of a file of JSON lines: each thing in each line, each line gone, twice, in the place of the next."""
    lines = content.splitlines(keepends=True)
    for at, line in enumerate(lines):
        before, after = lines[:at], lines[at + 1 :]
        for name, changed in of_documents(line):
            yield f"line {at}, {name}", b"".join([*before, changed + b"\n", *after])
        yield f"line {at} gone", b"".join([*before, *after])
        yield f"line {at} twice", b"".join([*before, line, line, *after])
        if after:
            yield f"line {at} and the next", b"".join([*before, after[0], line, *after[1:]])


def of_table(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Of a CSV file: each cell, each row gone and twice, each column gone."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    for at, line in enumerate(lines[1:], start=1):
        for column, cell in enumerate(line):
            yield (
                f"row {at}, column {column}",
                _table([*lines[:at], put(line, (column,), f"{cell}1"), *lines[at + 1 :]]),
            )
        yield f"row {at} gone", _table([*lines[:at], *lines[at + 1 :]])
        yield f"row {at} twice", _table([*lines, line])
    for column, heading in enumerate(lines[0]):
        yield f"column {heading} gone", _table([line[:column] + line[column + 1 :] for line in lines])


def of_bytes(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Of any file: some bytes across it, cut off, added to, empty."""
    for part in range(8):
        changed = bytearray(content)
        changed[(len(content) - 1) * part // 7] ^= 1
        yield f"byte in eighth {part}", bytes(changed)
    yield "cut off", content[: len(content) * 3 // 4]
    yield "added to", content + b"\n%"
    yield "emptied", b""


def of_file(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Of a file of any sort, by its name."""
    if name.endswith(".json"):
        yield from of_documents(content)
    elif name.endswith(".jsonl"):
        yield from of_lines(content)
    elif name.endswith(".csv") and name.startswith("records/"):
        yield from of_table(content)
    if content:
        yield from of_bytes(content)


def of_zip(files: Files) -> Iterator[tuple[str, Files]]:
    """Of each file in a zip: changed in every way, gone, under another name, in another's place, and files more."""
    names = sorted(files)
    for at, name in enumerate(names):
        for what, content in of_file(name, files[name]):
            if content != files[name]:
                yield f"{name}: {what}", files | {name: content}
        folder, _slash, last = name.rpartition("/")
        others = {other: files[other] for other in names if other != name}
        yield f"{name}: gone", others
        yield f"{name}: renamed", others | {f"{folder}/x{last}" if folder else f"x{last}": files[name]}
        yield f"{name}: a copy", files | {f"{folder}/x{last}" if folder else f"x{last}": files[name]}
        neighbour = names[at - 1]
        if files[neighbour] != files[name]:
            yield f"{name}: in place of {neighbour}", files | {name: files[neighbour], neighbour: files[name]}


UNREAD = {
    "local": {4, 5, *range(10, 14)},
    "list": {*range(4, 8), *range(12, 16), *range(34, 42)},
    "end": set(range(4, 10)),
}


def of_headers(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Of a zip: each byte of its headers (APPNOTE 6.3.10, 4.3.7, 4.3.12 and 4.3.16); those that nobody reads are called so."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files, place = archive.infolist(), archive.start_dir
    headers = [("local", info.header_offset, 30) for info in files]
    for info in files:
        headers.append(("list", place, 46))
        place += 46 + len(info.filename.encode()) + len(info.extra)
    for kind, start, length in [*headers, ("end", place, 22)]:
        for at in range(length):
            changed = bytearray(content)
            changed[start + at] ^= 1
            is_read = at not in UNREAD[kind]
            yield f"{'the zip' if is_read else 'what the zip says'}: byte {at} of header {kind} {start}", bytes(changed)


def dumped(value: Any) -> bytes:
    """As the journal writes JSON (RFC 8785 for what stands in it)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _at(value: Any, where: tuple[Any, ...]) -> Any:
    for step in where:
        value = value[step]
    return value


def _table(lines: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode("utf-8-sig")
