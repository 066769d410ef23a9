"""What can be said in the journal: fact types, each brought by the room whose facts they are.

    SLOT_SIGNED = FactType(                                     # classroom/facts.py
        "signed", "slot",
        result={"meaning": TEXT, "signature_sha256": SHA256},   # closed: other keys are refused
        context={"session": UID, "device_time?": INSTANT},      # a “?” marks what may be missing
        about="session",                                        # the key in the context whose uid it belongs to
        sentence=gettext_lazy("Signed for “%(object)s”"),
        done_to=gettext_lazy("Signed by %(actor)s"),            # how it reads in the history of its object
    )

    vocabulary.register(facts)                                  # classroom/registered.py

    record(SLOT_SIGNED, organisation=…, actor=…, object=…, result={…}, context={…})

From then on the fact is checked as it is recorded, told in every history, documented in docs/facts.md, and can be
subscribed to by its name, `slot.signed`. Its IRI is the verb's name in xAPI: one of ADL's (`adl`), or one of ours.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any

import fastjsonschema
from django.utils.formats import number_format
from django.utils.functional import Promise

from milepost.core.registry import Registry

type Schema = Mapping[str, Any]  # a JSON schema (draft 7)
type Fields = Mapping[str, Schema]  # by key; a “?” at its end marks one that may be missing
type Sentence = str | Promise | Callable[["Statement"], str]

OURS = "https://w3id.org/xapi/milepost/verbs/"
LONGEST_NAME = 64


class DoesNotFit(RuntimeError):
    """A fact does not fit its type: a mistake in the code. The message names the fact type and the key."""


class Undeclared(RuntimeError):
    """A fact of a type that no room has registered: nobody could tell it."""


@dataclass(frozen=True, eq=False)
class FactType:
    """One sort of fact. The module's docstring shows one.

    `object_type` is empty where the verb can be said of anything. `name` is how it is subscribed to: `slot.signed` unless
    another is given. `result` and `context` may be functions, for what other rooms add to; they are asked at each fact.
    `is_office` says that it is done for the organisation: when whoever did it is erased as a person, the fact stays.
    `calls` turns the recorded name of its object into how people of the active language say it, where that is not the same.
    `watched` is the kind of security event that it is, in the words of `people.happenings`; empty for what is none.
    `is_common` says that it speaks of no learner, so that it stands in the dossier of everybody whom it is about.
    """

    verb: str
    object_type: str
    sentence: Sentence
    done_to: Sentence = ""
    iri: str = ""
    result: Fields | Callable[[], Fields] = field(default_factory=dict)
    context: Fields | Callable[[], Fields] = field(default_factory=dict)
    about: str = ""
    is_office: bool = False
    is_common: bool = False
    watched: str = ""
    name: str = ""
    calls: Callable[[str], str] = str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or ".".join(filter(None, (self.object_type, self.verb))))
        object.__setattr__(self, "iri", self.iri or OURS + self.verb)
        if self.about and self.about not in fields_of(self.context):
            raise Undeclared(f"{self.name} is about “{self.about}”, which its context need not have.")
        if len(self.name) > LONGEST_NAME:
            raise Undeclared(f"{self.name} is longer than {LONGEST_NAME} characters.")

    @property
    def schema(self) -> dict[str, Any]:
        """The closed JSON schema of `{"result": …, "context": …}`."""
        parts = {"result": closed(fields_of(self.result)), "context": closed(fields_of(self.context))}
        return {"type": "object", "properties": parts, "additionalProperties": False}

    def check(self, object_type: str, result: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        """Raise `DoesNotFit` unless a fact with these may be recorded as one of this type."""
        if self.object_type not in ("", object_type):
            raise DoesNotFit(f"{self.name}: its object is a {object_type}.")
        try:
            self._fits({"result": result, "context": context})
        except fastjsonschema.JsonSchemaValueException as error:
            raise DoesNotFit(f"{self.name}: {error.message.replace('data.', '')}") from error

    @property
    def _fits(self) -> Callable[[Any], Any]:
        """The compiled check: made anew only where the fields are others than at the last fact."""
        fields = fields_of(self.result), fields_of(self.context)
        known = _checks.get(self)
        if known is None or known[0] != fields:
            known = _checks[self] = fields, _compiled(json.dumps(self.schema))
        return known[1]

    def about_of(self, object_id: str, context: Mapping[str, Any]) -> str:
        """The uid of what such a fact belongs to: what `about` names, or else its object itself."""
        return str(context[self.about]) if self.about else object_id

    def tell(self, content: Mapping[str, Any], *, is_done_to: bool = False) -> str:
        """The fact in a sentence of the active language; `is_done_to` for the history of its object."""
        statement = Statement(content)
        sentence = (is_done_to and self.done_to) or self.sentence
        template = sentence(statement) if callable(sentence) else str(sentence)
        words = statement.words
        words |= {key: number_format(value) for key, value in words.items() if isinstance(value, float)}
        words["object"] = self.calls(words["object"])
        return template % words


@dataclass(frozen=True)
class Statement:
    """A statement, as sentences are chosen and filled from it."""

    content: Mapping[str, Any]

    @property
    def result(self) -> Mapping[str, Any]:
        result: Mapping[str, Any] = self.content.get("result", {})
        return result

    @property
    def context(self) -> Mapping[str, Any]:
        context: Mapping[str, Any] = self.content.get("context", {})
        return context

    @property
    def by(self) -> str:
        """Who stood behind it, where that is not the actor."""
        return str(self.context.get("instructor", {}).get("name", ""))

    @property
    def words(self) -> "_Words":
        """What a sentence may name: actor, object, by, and each key of context and result."""
        return _Words(
            {**self.context, **self.result}
            | {"actor": self.content["actor"]["name"], "object": self.content["object"]["name"], "by": self.by}
        )


class _Words(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


# --- The registry -----------------------------------------------------------------------------------------

fact_types: Registry[FactType] = Registry("fact type")
_checks: dict[FactType, tuple[tuple[Fields, Fields], Callable[[Any], Any]]] = {}


def register(facts: ModuleType) -> None:
    """Bring every fact type that the module declares. Raises `RegisteredTwice`, `Undeclared` for a second IRI of a verb."""
    for fact_type in vars(facts).values():
        if isinstance(fact_type, FactType):
            other = next((known for known in fact_types.all() if known.verb == fact_type.verb), fact_type)
            if other.iri != fact_type.iri:
                raise Undeclared(f"{fact_type.name}: the verb has the IRI {other.iri} in {other.name}.")
            fact_types.register(fact_type.name, fact_type)


def holder_of(actor_id: str, context: Mapping[str, Any]) -> str:
    """The uid of the person that a fact is of, where that is not its actor: what its context names `holder`."""
    holder = str(context.get("holder", ""))
    return "" if holder == actor_id else holder


def also_of(about: str, context: Mapping[str, Any]) -> str:
    """The uid of the action that a fact belongs to, too, where it is about something else: what its context names `action`."""
    action = str(context.get("action", ""))
    return "" if action == about else action


def fact_type_of(name: str) -> FactType | None:
    """The type of this name; None for one that was recorded by a room which is not installed any more."""
    return fact_types.get(name) if name in fact_types else None


def adl(verb: str) -> str:
    """The IRI of a verb in the vocabulary of ADL, which cmi5 uses too (cmi5, section 9.3)."""
    return "http://adlnet.gov/expapi/verbs/" + verb


# --- What fields are made of ------------------------------------------------------------------------------

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
PERCENT: Schema = {"type": "number", "minimum": 0, "maximum": 100}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
UID: Schema = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
INSTANT: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}Z$"}
RANGES: Schema = {"type": "string", "pattern": "^([0-9]{1,15}(-[0-9]{1,15})?(,[0-9]{1,15}(-[0-9]{1,15})?)*)?$"}  # 3-5,9
ANYTHING: Schema = {}  # what only the kind of a thing knows, such as an answer to a question


def closed(fields: Fields) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": {key.removesuffix("?"): dict(schema) for key, schema in fields.items()},
        "required": [key for key in fields if not key.endswith("?")],
        "additionalProperties": False,
    }


def listed(schema: Schema) -> Schema:
    """A list of such values."""
    return {"type": "array", "items": dict(schema)}


def one_of(*values: str) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(values)}


REFERENCE: Schema = closed({"type": TEXT, "id": TEXT, "name": TEXT, "version?": TEXT})


def fields_of(fields: Fields | Callable[[], Fields]) -> Fields:
    """The fields as they are now."""
    return fields() if callable(fields) else fields


@lru_cache(maxsize=1024)
def _compiled(schema: str) -> Callable[[Any], Any]:
    compiled: Callable[[Any], Any] = fastjsonschema.compile(json.loads(schema), use_default=False)
    return compiled
