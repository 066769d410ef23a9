"""docs/facts.md, written from what the rooms registered: `milepost facts` prints it, and a test holds the file to it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils import translation

from milepost.journal import vocabulary
from milepost.journal.vocabulary import FactType, Schema, fact_types, fields_of

_KNOWN: tuple[tuple[Schema, str], ...] = (
    (vocabulary.SHA256, "SHA-256, in hexadecimal digits"),
    (vocabulary.UID, "uid"),
    (vocabulary.DAY, "day, as 2026-11-24"),
    (vocabulary.INSTANT, "instant in UTC, to the microsecond"),
    (vocabulary.COUNT, "count"),
    (vocabulary.PERCENT, "number from 0 to 100"),
    (vocabulary.NUMBER, "number"),
    (vocabulary.FLAG, "true or false"),
    (vocabulary.RANGES, "numbers, as 3-5,9"),
    (vocabulary.TEXT, "text"),
    (vocabulary.REFERENCE, "reference: type, id, name and, where it has one, version"),
    (vocabulary.ANYTHING, "any JSON value"),
)

HEAD = """# Facts

Everything that the journal can say, by what it is said of. Written by `milepost facts` from what the rooms declare in
their `facts.py`; a test fails when it is not current. A statement is

    {"actor", "verb", "object", "time", "recorded", "organisation", "result", "context"}

in canonical JSON (RFC 8785). `actor` and `object` are references (`type`, `id`, `name` and, where there is content, the
`version` that was seen, a SHA-256), `organisation` is a uid, and `result` and `context` hold the fields below and no
others; they are left out when they are empty. Of an organisation for demonstration it has `demonstration`, too, which is true. No identifier in it is a key of a database. Fields marked with ? may be
missing. A fact *belongs to* the course, session, action or document under which it is found.

`time` is when it happened, as it was told, and `recorded` what the server’s clock said as it was written, where that is another time: more
than five seconds from it. A fact that was recorded more than five minutes after its `time`, or after its `context.device_time`, was *told later*,
and is marked so wherever it is shown (decision 52).
"""


def page(types: Iterable[FactType] | None = None) -> str:
    """The whole page, as Markdown: every type that is registered, or these."""
    parts = [HEAD]
    types = sorted(
        fact_types.all() if types is None else types, key=lambda fact_type: (fact_type.object_type, fact_type.name)
    )
    above = None
    for fact_type in types:
        if fact_type.object_type != above:
            above = fact_type.object_type
            parts.append(f"## {above or 'Anything'}\n")
        parts.append("\n".join(_section(fact_type)) + "\n")
    return "\n".join(parts)


def _section(fact_type: FactType) -> Iterator[str]:
    yield f"### {fact_type.name}\n"
    yield f"<{fact_type.iri}>\n"
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            sentence, done_to = (
                fact_type.tell(_example(fact_type), is_done_to=is_done_to) for is_done_to in (False, True)
            )
        yield f"- {LANG_INFO[code]['name']}: {sentence}" + (
            f" · in the history of its object: {done_to}" if fact_type.done_to else ""
        )
    yield f"- Belongs to: {f'`context.{fact_type.about}`' if fact_type.about else 'its object'}"
    if fact_type.is_office:
        yield "- Done for the organisation: stays when whoever did it is erased as a person"
    rows = [
        *_rows("result", vocabulary.closed(fields_of(fact_type.result))),
        *_rows("context", vocabulary.closed(fields_of(fact_type.context))),
    ]
    if rows:
        yield "\n| field | what |\n| --- | --- |"
        yield from (f"| `{name}` | {what} |" for name, what in rows)


def _rows(name: str, schema: Schema) -> Iterator[tuple[str, str]]:
    """The fields of an object, those inside of it too, each with what it holds."""
    for key, inner in schema["properties"].items():
        below = f"{name}.{key}" + ("" if key in schema["required"] else "?")
        while _what(inner) is None and inner.get("type") == "array":
            below, inner = below + "[]", inner["items"]
        if (what := _what(inner)) is not None:
            yield below, what
        else:
            yield from _rows(below, inner)


def _what(schema: Schema) -> str | None:
    """What a value is, in words; None for an object or a list, whose parts are told one by one."""
    known = next((what for one, what in _KNOWN if one == schema), None)
    if known is None and "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if known is None and isinstance(schema.get("type"), list):
        return " or ".join("nothing" if kind == "null" else kind for kind in schema["type"])
    return known


def _example(fact_type: FactType) -> dict[str, Any]:
    """A statement of the type in which every field says its own name."""
    parts = fact_type.schema["properties"]
    named = {name: {"type": name, "id": name, "name": f"‹{name}›"} for name in ("actor", "object")}
    return {**named, "result": _value("result", parts["result"]), "context": _value("context", parts["context"])}


def _value(name: str, schema: Schema) -> Any:
    if schema.get("type") == "object":
        inner: Mapping[str, Schema] = schema["properties"]
        label = name if schema == vocabulary.REFERENCE else None
        return {key: _value(label or key, one) for key, one in inner.items()}
    if "enum" in schema:
        return schema["enum"][0]
    return f"‹{name}›"
