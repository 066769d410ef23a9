"""The operator, later: with the key and the secret, another journal with other facts, sealed anew, held against what others have of the first."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from milepost import verify as verifier
from milepost.evidence.tests.authorities import certified, root
from milepost.journal import chaining, second_memory
from milepost.journal.leaves import leaf_hash
from milepost.journal.models import (
    Cosignature,
    Entry,
    IndexPage,
    Seal,
    SealCheckpoint,
    Tile,
    Timestamp,
    Tree,
    Unfolded,
)
from milepost.journal.organisations import identity_of
from milepost.journal.sealing import seal
from milepost.journal.second_memory import said_in
from milepost.journal.verification import verify as verify_journal
from milepost.journal.vocabulary import also_of, fact_type_of, holder_of
from tests.adversaries.administrator import drop_triggers
from tests.adversaries.changes import dumped
from tests.adversaries.given_out import Reader, Witness, World, contents, dossier_of, put_back, receipt_of
from tests.adversaries.table import Tampering

WHO = "operator, later"
STAMPS = "time stamps (--tsa)"
type Statement = dict[str, Any]
type Journal = list[Statement]


@dataclass
class Kept:
    """What others have of the first journal."""

    size: int
    memory: list[Any]  # the seals that were sent to them
    receipt: list[Any]  # the head in a learner's receipt
    dossier: Any  # what an earlier dossier counted
    answer: Any  # what `verify` said of it
    witness: Witness
    stamps: list[Any]


def keep(world: World, reader: Reader) -> Kept:
    """Give out everything, and have it kept."""
    receipt = contents(receipt_of(world))["journal/checkpoint.txt"]
    witness = Witness()
    content = dossier_of(world)
    assert witness.cosign(world)
    uid = identity_of(world.organisation.pk).uid
    newest = Seal.objects.filter(organisation_id=world.organisation.pk).select_related("key").order_by("number").last()
    path = Path(settings.ENVIRONMENT.data) / "seals" / f"{newest.key.fingerprint}.jsonl"
    report = reader.report(content, authorities=[root().pem])
    return Kept(
        newest.size,
        said_in(path.read_bytes(), uid, "kept"),
        said_in(receipt, uid, "receipt"),
        report.state,
        report,
        witness,
        list(Timestamp.objects.values_list("seal__size", "token", "time")),
    )


def written_anew(world: World, change: Callable[[Journal], Journal]) -> None:
    """The journal as if these had been its facts, marked and sealed by whoever has everything; the memory of this machine goes with it."""
    number = world.organisation.pk
    drop_triggers()
    rows = list(Entry.objects.filter(organisation_id=number).order_by("id"))
    facts = [json.loads(row.statement) | {"#": (row.fact, row.time, bytes(row.salt), row.about)} for row in rows]
    for model in (Cosignature, SealCheckpoint, Timestamp, Seal, IndexPage, Tile, Tree, Unfolded, Entry):
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
    for path in (Path(settings.ENVIRONMENT.data) / "seals").glob("*.jsonl"):
        path.unlink()
    connection.run_on_commit = []  # what this thread wrote last is not there any more: an operator starts the program anew
    chaining.begin_anew()
    entries = [_entry(number, fact) for fact in change(facts)]
    chaining.link(entries)
    Entry.objects.bulk_create(entries)
    certified().stamp(seal(number))


def _entry(number: int, told: Statement) -> Entry:
    fact, time, salt, about = told["#"]
    said = {name: value for name, value in told.items() if name != "#"}
    fact_type, context = fact_type_of(fact), said.get("context", {})
    text = dumped(said)
    about = fact_type.about_of(said["object"]["id"], context) if fact_type else about
    return Entry(
        organisation_id=number,
        time=datetime.fromisoformat(said["time"]) if said.get("time") else time,
        fact=fact,
        verb=said["verb"],
        actor_id=said["actor"]["id"],
        object_id=said["object"]["id"],
        about=about,
        holder=holder_of(said["actor"]["id"], context),
        also=also_of(about, context),
        statement=text.decode(),
        salt=salt,
        leaf=leaf_hash(salt=salt, statement=text),
    )


def tamperings(world: World, kept: Kept, reader: Reader, seen: dict[str, dict[str, int]]) -> Iterator[Tampering]:
    """Of each fact: left out, and everything that it says that is told to somebody, another."""
    facts = [json.loads(text) for text in Entry.objects.order_by("id").values_list("statement", flat=True)]
    for at, fact in enumerate(facts):
        what = f"{fact['verb']} {fact['object']['type']} (fact {at})"
        for how, change in changes_of(at, fact, len(facts)):

            def attempt(change: Callable[[Journal], Journal] = change, how: str = how, at: int = at) -> str:
                found = held(world, kept, reader, change, seen.setdefault(how, {}))
                # Of what came after all that others have, the seals before it stay as they are.
                return "" if found == STAMPS and at >= kept.size else found

            when = "that no anchor covers" if at >= kept.size else "that others have"
            yield Tampering(WHO, f"{how}: {what}, {when}", attempt)


def changes_of(at: int, fact: Statement, count: int) -> Iterator[tuple[str, Callable[[Journal], Journal]]]:
    def with_fact(**more: Any) -> Callable[[Journal], Journal]:
        return lambda facts: [*facts[:at], facts[at] | more, *facts[at + 1 :]]

    yield "a fact left out", lambda facts: [*facts[:at], *facts[at + 1 :]]
    yield (
        "a fact twice",
        lambda facts: [*facts[:at], facts[at], dict(facts[at], **{"#": _resalted(facts[at])}), *facts[at + 1 :]],
    )
    yield "the time it tells, a day earlier", with_fact(time=_earlier(fact["time"]))
    yield "a name", with_fact(actor=fact["actor"] | {"name": "Otto Forger"})
    yield "what it is about", with_fact(object=fact["object"] | {"name": "Another name"})
    if "recorded" in fact:
        yield (
            "the mark “told later” gone",
            lambda facts: [*facts[:at], {k: v for k, v in facts[at].items() if k != "recorded"}, *facts[at + 1 :]],
        )
        yield "recorded dated back", with_fact(recorded=_earlier(fact["recorded"]))
    else:
        yield "said to be recorded later", with_fact(recorded=_later(fact["time"]))
    if at + 1 < count:
        yield "in the place of the next", lambda facts: [*facts[:at], facts[at + 1], facts[at], *facts[at + 2 :]]


def held(
    world: World, kept: Kept, reader: Reader, change: Callable[[Journal], Journal], seen: dict[str, int]
) -> str | None:
    """By what it is found of what others have; each is counted in `seen`, the first one is told."""
    with put_back():
        written_anew(world, change)
        number = world.organisation.pk
        by = []
        if verify_journal(number).finding:
            by.append("journal verify alone")
        if verify_journal(number, against=kept.memory).finding:
            by.append("kept seals (--against)")
        if verify_journal(number, against=kept.receipt).finding:
            by.append("a learner’s receipt")
        if not kept.witness.cosign(world):
            by.append("a witness")
        else:
            kept.witness.seen.pop()
        by += of_dossier(world, kept, reader)
    for one in by:
        seen[one] = seen.get(one, 0) + 1
    return " + ".join(by)


def of_dossier(world: World, kept: Kept, reader: Reader) -> list[str]:
    """What a dossier of the new journal is found by."""
    try:
        made = dossier_of(world)
    except Exception:
        return ["no dossier can be made"]
    by = []
    try:
        report = reader.report(made, authorities=[root().pem])
        if _first_stamp(report) != _first_stamp(kept.answer):
            by.append(STAMPS)
    except verifier.Broken:
        by.append("verify alone")
    try:
        reader.report(made, earlier=kept.dossier)
    except verifier.Broken:
        if "verify alone" not in by:
            by.append("an earlier dossier")
    return by


def _first_stamp(report: Any) -> str:
    """When an authority stamped the seal over the fact that waited longest for one; a journal that is sealed anew has a later one."""
    line = next((line for line in report.holds if " had stamped within " in line), "")
    return line.partition("(the longest for number ")[2].partition(": ")[2].partition(")")[0]


def _earlier(text: str) -> str:
    return _moved(text, -timedelta(days=1))


def _later(text: str) -> str:
    return _moved(text, timedelta(hours=3))


def _moved(text: str, by: timedelta) -> str:
    return (datetime.fromisoformat(text) + by).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _resalted(fact: Statement) -> tuple[Any, ...]:
    name, time, salt, about = fact["#"]
    return name, time, salt[::-1], about


__all__ = ("keep", "second_memory", "tamperings")
