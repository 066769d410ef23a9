"""JSON in dossiers can be read in one way only, and has one canonical form, which is that of the journal."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from milepost.core.canonical import canonical_json
from milepost.verify import Broken
from milepost.verify.strict_json import canonical, read_canonical, read_json

# Larger ones not all programs read alike.
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2.0**52), 2.0**52)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_the_canonical_form_is_that_of_rfc_8785_and_of_the_journal_and_is_read_as_such(value):
    text = canonical(value)
    assert text == rfc8785.dumps(value) == canonical_json(value)
    assert canonical(read_canonical(text.decode())) == text


@given(VALUES)
def test_any_other_form_is_refused_where_the_canonical_one_is_asked_for(value):
    text = json.dumps({"value": value}, indent=1)
    assert canonical(read_json(text)) == canonical({"value": value})
    with pytest.raises(Broken):
        read_canonical(text)


@pytest.mark.parametrize(
    "text", ['{"a":1.0}', '{"a":1e-05}', '{"a":-0}', '{"b":1,"a":1}', '{"a":"\\u0041"}', '{"a":1e2}']
)
def test_what_says_the_same_in_another_way_is_not_canonical(text):
    assert read_json(text)
    with pytest.raises(Broken):
        read_canonical(text)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"a":1e999}',
        b'{"a":9007199254740992}',
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b"\xff",
    ],
)
def test_what_programs_read_in_several_ways_is_refused(content):
    with pytest.raises((Broken, ValueError)):
        read_json(content)
