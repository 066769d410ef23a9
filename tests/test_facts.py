"""What holds of every fact type that any room brings."""

from pathlib import Path

import pytest
from django.db import transaction
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.config.languages import LANGUAGES
from milepost.core.registry import RegisteredTwice
from milepost.journal import documenting, vocabulary
from milepost.journal.models import Entry
from milepost.journal.phrases import phrase
from milepost.journal.recording import Fact, Reference, record
from milepost.journal.verification import verify
from milepost.journal.vocabulary import TEXT, UID, DoesNotFit, FactType, Undeclared, adl, fact_types
from tests.visits.facts import VISIT_REPORTED

NAMES = fact_types.names()
# Without “%(”, by which the test knows a placeholder that nobody filled.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30).filter(lambda text: "%(" not in text)
JSON = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS | st.lists(TEXTS, max_size=2)


def values_of(schema):
    """What a schema accepts."""
    if schema == {}:
        return JSON
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if isinstance(schema["type"], list):
        return st.one_of(values_of(schema | {"type": kind}) for kind in schema["type"])
    match schema["type"]:
        case "object":
            fields = {key: values_of(inner) for key, inner in schema["properties"].items()}
            required = {key: fields.pop(key) for key in schema["required"]}
            return st.fixed_dictionaries(required, optional=fields)
        case "array":
            return st.lists(values_of(schema["items"]), max_size=3)
        case "string":
            return st.from_regex(schema["pattern"].strip("^$"), fullmatch=True) if "pattern" in schema else TEXTS
        case "integer":
            return st.integers(schema.get("minimum", -(2**53) + 1), 2**53 - 1)
        case "number":
            return st.floats(schema.get("minimum", -1e9), schema.get("maximum", 1e9))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()


def reference(kind):
    return Reference(kind, "7", "Anna")


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_a_type_accepts_is_recorded_found_and_told_in_both_languages(name, organisation, data):
    fact_type = fact_types.get(name)
    parts_told = {part: data.draw(values_of(schema)) for part, schema in fact_type.schema["properties"].items()}
    with transaction.atomic():
        entry = record(
            fact_type,
            organisation=organisation,
            actor=reference("member"),
            object=Reference(fact_type.object_type or "thing", "8", "Ladders"),
            **parts_told,
        )
    recorded = Entry.objects.get(pk=entry.pk)
    assert (recorded.fact, recorded.verb) == (name, fact_type.verb)
    assert recorded.about == (parts_told["context"][fact_type.about] if fact_type.about else "8")
    for language in dict(LANGUAGES):
        with translation.override(language):
            sentences = [phrase(recorded, subject) for subject in ("7", "8")]
        assert all(sentences)
        assert not any("%(" in sentence for sentence in sentences)
    assert verify(organisation.pk).finding is None


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data(), part=st.sampled_from(["result", "context"]))
@settings(max_examples=4, deadline=None)
def test_a_key_that_the_type_does_not_know_is_refused_by_name(name, data, part):
    fact_type = fact_types.get(name)
    told = {key: data.draw(values_of(schema)) for key, schema in fact_type.schema["properties"].items()}
    told[part] |= {"shoe_size": 42}
    with pytest.raises(DoesNotFit, match=rf"^{name}: {part} .*shoe_size"):
        Fact(fact_type, reference("member"), reference(fact_type.object_type), **told)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=2, deadline=None)
def test_a_key_that_must_be_there_is_asked_for_by_name(name, data):
    fact_type = fact_types.get(name)
    parts = fact_type.schema["properties"]
    told = {part: data.draw(values_of(schema)) for part, schema in parts.items()}
    for part, schema in parts.items():
        for key in schema["required"]:
            short = told | {part: {one: value for one, value in told[part].items() if one != key}}
            with pytest.raises(DoesNotFit, match=rf"^{name}: {part} must contain .*{key}"):
                fact_type.check(fact_type.object_type, **short)


def test_a_fact_about_another_sort_of_thing_is_refused():
    with pytest.raises(DoesNotFit, match=r"member\.joined: its object is a course"):
        Fact(fact_types.get("member.joined"), reference("member"), reference("course"))


def test_a_type_to_which_other_rooms_add_is_compiled_anew_only_when_one_adds(monkeypatch):
    fields = {"page?": TEXT}
    read = FactType("read", "book", result=lambda: dict(fields), sentence="Read “%(object)s”")
    read.check("book", {"page": "7"}, {})
    with monkeypatch.context() as patched:
        patched.setattr(vocabulary, "_compiled", None)
        read.check("book", {"page": "8"}, {})
    with pytest.raises(DoesNotFit):
        read.check("book", {"line": "3"}, {})
    fields["line?"] = TEXT
    read.check("book", {"line": "3"}, {})


# --- A room that was made for the test --------------------------------------------------------------------

SHELF_EMPTIED = FactType(
    "emptied",
    "shelf",
    result={"reason": TEXT},
    context={"library": UID},
    about="library",
    sentence="Emptied “%(object)s”: %(reason)s",
    done_to="Emptied by %(actor)s",
)
LIBRARY = "0f0e0d0c-0b0a-0908-0706-050403020100"


@pytest.mark.django_db
def test_a_room_brings_a_verb_without_a_change_to_the_journal(organisation):
    with fact_types.holding(SHELF_EMPTIED.name, SHELF_EMPTIED), transaction.atomic():
        entry = record(
            SHELF_EMPTIED,
            organisation=organisation,
            actor=reference("member"),
            object=Reference("shelf", "s1", "Shelf 1"),
            result={"reason": "Dust"},
            context={"library": LIBRARY},
        )
        assert phrase(entry, "7") == "Emptied “Shelf 1”: Dust"
        assert phrase(entry, "s1") == "Emptied by Anna"
        assert Entry.objects.get(organisation_id=organisation.pk, about=LIBRARY) == entry
        assert "### shelf.emptied" in documenting.page()
        assert verify(organisation.pk).finding is None
    assert phrase(entry, "7") == "“emptied” of “Shelf 1”"  # its room was taken out: the fact stays, and is told plainly
    assert verify(organisation.pk).finding is None


def test_a_fact_that_no_room_has_registered_is_refused():
    with pytest.raises(Undeclared, match=r"shelf\.emptied"):
        Fact(SHELF_EMPTIED, reference("member"), reference("shelf"), {"reason": "Dust"}, {"library": LIBRARY})


def test_a_type_can_only_be_about_what_its_context_always_names():
    with pytest.raises(Undeclared, match="library"):
        FactType("emptied", "shelf", context={"library?": UID}, about="library", sentence="")


def test_two_rooms_can_not_bring_the_same_type_nor_one_verb_under_two_iris():
    import types

    again = types.SimpleNamespace(AGAIN=fact_types.get("course.completed"))
    with pytest.raises(RegisteredTwice):
        vocabulary.register(again)
    other = types.SimpleNamespace(OTHER=FactType("completed", "shelf", sentence="", iri=adl("finished")))
    with pytest.raises(Undeclared, match="IRI"):
        vocabulary.register(other)


@pytest.mark.django_db
def test_no_statement_names_the_organisation_by_a_key_of_the_database(organisation):
    entries = Entry.objects.filter(organisation_id=organisation.pk)
    assert {entry.content["organisation"] for entry in entries} == {str(organisation.uid)}


def test_the_page_about_facts_is_current():
    there = (Path(__file__).parent.parent / "docs/facts.md").read_text(encoding="utf-8")
    of_milepost = [fact_type for fact_type in fact_types.all() if fact_type is not VISIT_REPORTED]
    assert documenting.page(of_milepost) == there, "Write it anew: milepost facts > docs/facts.md"
