"""The verb of the journal: record. Call it in the transaction of the change that it speaks of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from django.db import transaction

from milepost.core import clock
from milepost.core.canonical import canonical_json
from milepost.journal import chaining
from milepost.journal.leaves import leaf_hash, new_salt
from milepost.journal.models import Entry
from milepost.journal.organisations import Journalled
from milepost.journal.told_later import SAME_MOMENT
from milepost.journal.vocabulary import FactType, Undeclared, also_of, fact_types, holder_of

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that an entry speaks of, by an identifier that outlives its row and the name it had then.

    `version` names the exact content that was seen (a SHA-256), where there is content.
    """

    type: str
    id: str
    name: str
    version: str | None = None

    def as_json(self) -> dict[str, str]:
        thing = {"type": self.type, "id": self.id, "name": self.name}
        return thing | {"version": self.version} if self.version else thing


DEMONSTRATION = "demonstration"  # in the statements and heads of an organisation that is one; missing elsewhere
SYSTEM = Reference("system", "milepost", "Milepost")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is to be recorded. `result` and `context` hold JSON values only.

    `time` is when it happened, as somebody tells it; None for now. When it is recorded, the clock says (see `told_later`).
    Raises `DoesNotFit` for what is not of its type, and `Undeclared` for a type that no room has registered.
    """

    type: FactType
    actor: Reference
    object: Reference
    result: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    time: datetime | None = None

    def __post_init__(self) -> None:
        if self.type.name not in fact_types:
            raise Undeclared(f"No room has registered the fact type {self.type.name}.")
        self.type.check(self.object.type, self.result, self.context)


class MovedClock(RuntimeError):
    """A fact was to be recorded at another time than it is, of an organisation that is not for demonstration."""


class NoTransaction(RuntimeError):
    """A fact was recorded outside the transaction of its change: one could be kept without the other."""


def record(
    fact_type: FactType,
    *,
    organisation: Journalled,
    actor: Reference,
    object: Reference,
    result: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    time: datetime | None = None,
) -> Entry:
    """Append one fact to the organisation's journal and return its entry. Raises as `Fact` does, and `NoTransaction`, `MovedClock`."""
    _refuse_outside_transaction()
    [entry] = _entries([Fact(fact_type, actor, object, result or {}, context or {}, time)], organisation)
    chaining.link([entry])
    entry.save(force_insert=True)
    chaining.written(entry)
    return entry


def record_many(facts: Iterable[Fact], *, organisation: Journalled) -> int:
    """Append many facts in the order given, in bulk; return how many. Raises `NoTransaction`, `MovedClock`."""
    _refuse_outside_transaction()
    entries = list(_entries(facts, organisation))
    for part in batched(entries, BATCH, strict=False):
        chaining.link(part)
        Entry.objects.bulk_create(part)
        chaining.written(part[-1])
    return len(entries)


def _refuse_outside_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise NoTransaction("Record a fact inside the atomic block of the change that it speaks of.")


def _entries(facts: Iterable[Fact], organisation: Journalled) -> Iterator[Entry]:
    """The facts as entries; what is the same for thousands of them is made once."""
    if not clock.may_be_recorded(of_a_demonstration=organisation.is_demonstration):
        raise MovedClock("Only an organisation for demonstration records facts while the clock is moved.")
    now, whose = clock.now().astimezone(UTC), whose_of(organisation)
    now_text = time_text(now)
    for fact in facts:
        if fact.time is None:
            yield _entry(fact, organisation.pk, whose, now, now_text)
            continue
        recorded = "" if abs(now - fact.time) < SAME_MOMENT else now_text
        yield _entry(fact, organisation.pk, whose, fact.time, time_text(fact.time), recorded)


def whose_of(organisation: Journalled) -> dict[str, Any]:
    """What each statement and each head says of the organisation: its uid, and that it is for demonstration if it is."""
    uid = {"organisation": str(organisation.uid)}
    return uid | {DEMONSTRATION: True} if organisation.is_demonstration else uid


def _entry(
    fact: Fact, organisation_id: int, whose: dict[str, Any], time: datetime, text: str, recorded: str = ""
) -> Entry:
    statement: dict[str, Any] = {
        "actor": fact.actor.as_json(),
        "verb": fact.type.verb,
        "object": fact.object.as_json(),
        "time": text,
        **whose,
    }
    if recorded:
        statement["recorded"] = recorded
    if fact.result:
        statement["result"] = fact.result
    if fact.context:
        statement["context"] = fact.context
    canonical = canonical_json(statement)
    salt = new_salt()
    return Entry(
        organisation_id=organisation_id,
        time=time,
        fact=fact.type.name,
        verb=fact.type.verb,
        actor_id=fact.actor.id,
        object_id=fact.object.id,
        about=(about := fact.type.about_of(fact.object.id, fact.context)),
        holder=holder_of(fact.actor.id, fact.context),
        also=also_of(about, fact.context),
        statement=canonical.decode(),
        salt=salt,
        leaf=leaf_hash(salt=salt, statement=canonical),
    )


def time_text(time: datetime) -> str:
    """RFC 3339 in UTC with microseconds: 2026-11-23T14:05:00.000000Z."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
