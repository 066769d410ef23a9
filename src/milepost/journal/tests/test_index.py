"""The index, against its own definition, computed from all keys at once."""

import hashlib
import json
from collections import defaultdict

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.core.jobs import run_all
from milepost.journal import folding, index, jobs
from milepost.journal.folding import fold
from milepost.journal.models import Entry, IndexPage, Tree
from milepost.journal.recording import Fact, Reference, record, record_many
from milepost.journal.sealing import seal
from milepost.journal.sparse import key_of
from milepost.journal.tests.exercises import EXERCISE_COMPLETED, PAPER_WRITTEN, identity_of
from milepost.journal.verification import verify
from milepost.verify.completeness import Index
from milepost.verify.report import Broken

THINGS = [f"thing-{number}" for number in range(60)]
PEOPLE = [f"person-{number}" for number in range(120)]
some_facts = st.lists(st.tuples(st.sampled_from(THINGS), st.sampled_from(PEOPLE)), max_size=400)


class InMemory(dict):
    """Pages in a dictionary."""

    def read(self, places):
        return {place: self[place] for place in places if place in self}

    write = dict.update


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_of(number):
    return sha(number.to_bytes(4))


def told(facts, start=0):
    return [(about, whose, leaf_of(number)) for number, (about, whose) in enumerate(facts, start)]


def by_definition(leaves, start, prefix=""):
    """The head of a tree, word for word: nothing, a leaf lifted, or sixteen subtrees. `leaves` are hashes by their keys."""
    below = {key: leaf for key, leaf in leaves.items() if key.hex().startswith(prefix)}
    if len(below) < 2:
        return next(iter(below.values()), bytes(32))
    return sha(start, *(by_definition(below, start, f"{prefix}{digit:x}") for digit in range(16)))


def expected_root(facts):
    chains = defaultdict(lambda: defaultdict(lambda: (0, bytes(32))))
    for about, whose, leaf in facts:
        of = chains[key_of(about)]
        count, chain = of[key_of(whose)]
        of[key_of(whose)] = count + 1, sha(b"\x30", chain, leaf)
    heads = {}
    for key, people in chains.items():
        leaves = {whose: sha(b"\x20", whose, count.to_bytes(8), chain) for whose, (count, chain) in people.items()}
        heads[key] = sha(b"\x10", key, by_definition(leaves, b"\x21"))
    return by_definition(heads, b"\x11")


@given(some_facts, st.lists(st.integers(0, 400), max_size=5))
def test_however_facts_arrive_the_root_is_that_of_the_definition(facts, cuts):
    pages, facts = InMemory(), told(facts)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 400], strict=True):
        if facts[start:end]:
            assert index.add(pages, facts[start:end]) == index.root(pages)
    assert index.root(pages) == expected_root(facts)


def test_things_and_people_may_be_many():
    facts = told([(f"t{number % 500}", f"p{number % 7}") for number in range(3_000)])
    facts += told([("course", f"p{number % 1_000}") for number in range(2_500)], start=3_000)
    pages = InMemory()
    for start in range(0, len(facts), 1_700):
        index.add(pages, facts[start : start + 1_700])
    assert index.root(pages) == expected_root(facts)
    assert len(pages) < 400


# --- Proofs -----------------------------------------------------------------------------------------------

scopes = st.tuples(
    st.sets(st.sampled_from([*THINGS, "unknown"]), max_size=4),
    st.dictionaries(
        st.sampled_from([*THINGS, "nothing"]),
        st.sets(st.sampled_from([*PEOPLE, "nobody"]), min_size=1, max_size=5),
        max_size=3,
    ),
)


def heard(facts, left_out=()):
    said = Index()
    for number, (about, whose, leaf) in enumerate(facts):
        if number not in left_out:
            said.add(about, whose, leaf)
    return said


@settings(deadline=None)
@given(some_facts, scopes, st.data())
def test_a_proof_holds_for_all_facts_of_its_scope_and_for_none_less(facts, scope, data):
    pages, facts = InMemory(), told(facts)
    whole, of = scope
    of = {about: people for about, people in of.items() if about not in whole}
    if facts:
        index.add(pages, facts)
    root, proof = index.root(pages), index.prove(pages, whole, of)
    claimed = {(about, None) for about in whole} | {(about, whose) for about in of for whose in of[about]}
    inside = [
        number
        for number, (about, whose, _leaf) in enumerate(facts)
        if (about, None) in claimed or (about, whose) in claimed
    ]
    heard(facts).hold(root, proof, claimed)
    if inside:
        gone = data.draw(st.sets(st.sampled_from(inside), min_size=1, max_size=3))
        with pytest.raises(Broken, match=r"^\d+ facts? about “.+” (is|are) missing"):
            heard(facts, gone).hold(root, proof, claimed)
    others = [number for number in range(len(facts)) if number not in inside]
    heard(facts, others).hold(root, proof, claimed)


@settings(deadline=None)
@given(some_facts.filter(bool), st.data())
def test_no_proof_shows_that_somebody_has_no_fact_who_has_one(facts, data):
    """With whatever was a proof of something else, and however its words are changed."""
    pages, facts = InMemory(), told(facts)
    index.add(pages, facts)
    about, whose, _leaf = data.draw(st.sampled_from(facts))
    root = index.root(pages)
    honest = index.prove(pages, [], {about: {whose}})
    for other in ("person-7", "nobody"):
        forged = index.prove(pages, [], {about: {other}}) | {"nodes": honest["nodes"]}
        forged["things"][0]["people"] = []
        if other != whose:
            with pytest.raises(Broken):
                heard([]).hold(root, forged, {(about, whose)})
    emptied = honest | {"things": [{"about": about, "people": [], "nodes": [""]}]}
    with pytest.raises(Broken):
        heard([]).hold(root, emptied, {(about, whose)})
    changed = list(honest["nodes"])
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] = data.draw(st.sampled_from(["", "node", "11" * 32, "11" * 64]))
    if changed != honest["nodes"]:
        with pytest.raises(Broken):
            heard(facts).hold(root, honest | {"nodes": changed}, {(about, whose)})


# --- Beside the tree --------------------------------------------------------------------------------------

LADDERS = Reference("exercise", "ladders", "Ladders")


def write(count, organisation_id=7, start=0):
    facts = (
        Fact(EXERCISE_COMPLETED, Reference("member", f"m{number}", "Anna"), LADDERS, {"score": number})
        for number in range(start, start + count)
    )
    with transaction.atomic():
        record_many(facts, organisation=identity_of(organisation_id))


def root_of_entries(organisation_id=7):
    """The root by definition, over all entries in the order of the tree."""
    rows = Entry.objects.filter(organisation_id=organisation_id).order_by("id")
    facts = []
    for row in rows:
        facts.append((row.about, row.whose, bytes(row.leaf)))
        if row.also:
            facts.append((row.also, row.whose, bytes(row.leaf)))
    return expected_root(facts)


def signed_index(made):
    return bytes.fromhex(json.loads(made.statement)["index"])


@pytest.mark.django_db
def test_a_seal_signs_the_root_of_the_index_over_all_entries():
    for count in (1, 300, 20):
        write(count)
        assert signed_index(seal(7)) == root_of_entries()
    write(5, organisation_id=8)
    assert signed_index(seal(8)) == root_of_entries(8)
    assert verify(7).finding is None


@pytest.mark.django_db
def test_a_fact_is_of_its_holder_and_belongs_to_its_action_too():
    write(1)
    uid, person = "0b4cd39e-5ee3-4a93-9f06-1a63b5d02a35", "5d3a8b40-3a7f-4f8e-8d4a-0a4f4a3c9d11"
    with transaction.atomic():
        row = record(
            PAPER_WRITTEN,
            organisation=identity_of(7),
            actor=Reference("member", "m1", "Anna"),
            object=Reference("paper", "paper-1", "Paper"),
            context={"action": uid, "holder": person},
        )
    assert (row.about, row.also, row.whose) == ("paper-1", uid, person)
    root = signed_index(seal(7))
    assert root == root_of_entries()
    said = Index()
    said.add(uid, person, bytes(row.leaf))
    said.hold(root, index.prove(index.StoredPages(7), [uid], {}), {(uid, None)})
    assert verify(7).finding is None


@pytest.mark.django_db
def test_a_journal_that_is_older_than_its_index_is_sealed_as_before_until_it_has_caught_up(monkeypatch):
    monkeypatch.setattr(folding, "BATCH", 200)
    write(900)
    fold(7)
    IndexPage.objects.all().delete()
    Tree.objects.update(indexed=0)
    assert "index" not in json.loads(seal(7).statement)
    write(10, start=900)
    assert "index" not in json.loads(seal(7).statement)
    assert (verify(7).finding, verify(7).seals) == (None, 2)
    assert Tree.objects.get().indexed == 400
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Tree, "save", killed)
        folding.catch_up(7)
    assert Tree.objects.get().indexed == 400
    assert verify(7).finding is None
    assert run_all(jobs.catch_up) == 1
    write(10, start=910)
    assert signed_index(seal(7)) == root_of_entries()
    assert (verify(7).finding, verify(7).seals) == (None, 3)


@pytest.mark.django_db
def test_a_small_journal_has_its_index_with_the_next_seal():
    write(30)
    fold(7)
    IndexPage.objects.all().delete()
    Tree.objects.update(indexed=0)
    assert signed_index(seal(7)) == root_of_entries()


def killed(*_args, **_kwargs):
    raise KeyboardInterrupt


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["milepost.journal.index.StoredPages.write", "milepost.journal.models.Tree.save"])
def test_a_worker_killed_while_it_folds_leaves_tree_and_index_as_they_were(monkeypatch, step):
    write(10)
    fold(7)
    write(300, start=10)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(step, killed)
        seal(7)
    assert index.root(index.StoredPages(7)) == expected_root(
        [("ladders", f"m{number}", bytes(row.leaf)) for number, row in enumerate(Entry.objects.order_by("id")[:10])]
    )
    assert signed_index(seal(7)) == root_of_entries()
    assert verify(7).finding is None


# --- Somebody with full access to the database and the key ------------------------------------------------


@pytest.mark.django_db
def test_an_index_that_leaves_a_fact_out_is_told_at_the_seal_that_signs_it(monkeypatch):
    write(5)
    seal(7)
    write(5)
    with monkeypatch.context() as lying:
        told_by = index.told_by
        lying.setattr(index, "told_by", lambda entries: [*told_by(entries)][1:])
        seal(7)
    finding = verify(7).finding
    assert "seal 2 over it signs another index than that of the facts" in finding.reason
    assert finding.entry_id == Entry.objects.order_by("id")[5].pk


@pytest.mark.django_db
def test_a_seal_that_signs_no_index_any_more_is_told(monkeypatch):
    write(5)
    seal(7)
    write(5)
    monkeypatch.setattr(folding, "catch_up", lambda *_args, **_more: None)
    Tree.objects.update(indexed=4)
    seal(7)
    assert "seal 2 over it signs no index, which those before it do" in verify(7).finding.reason


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["alter", "remove"])
def test_a_page_of_the_index_that_was_altered_or_removed_is_told(change):
    write(400)
    seal(7)
    page = IndexPage.objects.order_by("-place").first()
    assert len(page.place) > 60
    if change == "remove":
        page.delete()
    else:
        page.content = bytes(page.content)[:-1] + bytes([bytes(page.content)[-1] ^ 1])
        page.save()
    assert f"page {page.place} was altered or damaged, or is missing" in verify(7).finding.reason
    assert "milepost journal index" in verify(7).finding.reason
    assert folding.index_anew(7) == 400
    assert verify(7).finding is None
