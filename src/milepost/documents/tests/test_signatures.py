import json
import math
import random
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.documents.signatures import MAX_BYTES, NoSignature, Signature, difference

STROKE = [10, 80, 60, 40, 90, 120]


def sent(**changes):
    return json.dumps({"width": 300, "height": 160, "strokes": [STROKE]} | changes)


def test_a_drawn_signature_comes_back_as_it_was_kept():
    signature = Signature.read(sent())
    assert Signature.from_json(json.loads(json.dumps(signature.as_json()))) == signature
    assert signature.svg().startswith("<svg ")


def test_a_typed_name_is_a_signature_too():
    assert Signature.read(json.dumps({"text": "  Jonas   Nygård "})).as_json() == {"text": "Jonas Nygård"}


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "{}",
        "[]",
        "null",
        "nonsense",
        '"text"',
        "x" * (MAX_BYTES + 1),
        sent(strokes=[]),
        sent(strokes=[[1, 2]]),
        sent(strokes=[[1, 2, 3]]),
        sent(width=0),
        sent(width=10**9),
        sent(strokes=[["<script>", 2, 3, 4]]),
        sent(strokes=[[1e400, 2, 3, 4]]),
        sent(strokes="abc"),
        sent(strokes=[[float("nan"), 0, 100, 100]]),
        '{"strokes": ' + "[" * 3000,
        json.dumps({"text": "<svg onload=alert(1)>" * 20}),
        json.dumps({"text": "\u0000\u0007Jonas"}),
        json.dumps({"text": "123"}),
        json.dumps({"text": "\N{HANGUL FILLER}"}),
        '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_what_is_no_signature_is_refused_with_what_to_do(hostile):
    with pytest.raises(NoSignature, match=r"Sign in the box|Type your name|Clear it"):
        Signature.read(hostile)


coordinates = st.integers(0, 600)
strokes = st.lists(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=30), min_size=1, max_size=8)


@given(strokes)
def test_every_drawing_is_an_image_without_anything_that_runs(drawn):
    flat = [[number for point in stroke for number in point] for stroke in drawn]
    try:
        signature = Signature.read(json.dumps({"width": 600, "height": 600, "strokes": flat}))
    except NoSignature:
        return
    root = ElementTree.fromstring(signature.svg())  # noqa: S314 (our own)
    assert [child.tag.rpartition("}")[2] for child in root] == ["path"]
    assert set(root[0].attrib["d"]) <= set("MLQ0123456789. -e+")


@given(strokes)
def test_the_fingerprint_follows_the_strokes(drawn):
    flat = tuple(tuple(number for point in stroke for number in point) for stroke in drawn)
    one, same = Signature(flat, 600, 600), Signature(flat, 600, 600)
    assert one.fingerprint == same.fingerprint != Signature(((0, 0, 99, 99), *flat), 600, 600).fingerprint


WAVE = tuple(x for step in range(30) for x in (20 + 8 * step, 80 + (25 if step % 4 < 2 else -25)))
LOOP = tuple(
    x for step in range(30) for x in (round(150 + 70 * math.cos(step / 4)), round(80 + 60 * math.sin(step / 4)))
)


def drawn(points, *, scale=1.0, x=0, y=0, jitter=0, seed=0):
    chance = random.Random(seed)
    moved = (round(scale * at) + (y if number % 2 else x) for number, at in enumerate(points))
    return Signature((tuple(at + chance.randint(-jitter, jitter) for at in moved),), 1000, 1000)


@given(st.floats(0.6, 2.0), st.integers(0, 90), st.integers(0, 90), st.integers(0, 99))
def test_the_same_hand_is_alike_wherever_and_however_large_it_signs(scale, x, y, seed):
    assert difference(drawn(WAVE), drawn(WAVE, scale=scale, x=x, y=y, jitter=4, seed=seed)) < 0.15


@given(st.integers(0, 99), st.floats(0.6, 2.0))
def test_another_shape_is_unlike(seed, scale):
    assert difference(drawn(WAVE), drawn(LOOP, scale=scale, jitter=4, seed=seed)) > 0.3


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 300), st.integers(0, 160)), min_size=1, max_size=6), min_size=1, max_size=4
    )
)
def test_unlikeness_is_a_measure(strokes):
    one = Signature(tuple(tuple(at for point in stroke for at in point) for stroke in strokes), 300, 160)
    assert difference(one, one) == 0
    assert difference(one, drawn(WAVE)) == pytest.approx(difference(drawn(WAVE), one))
    assert 0 <= difference(one, drawn(LOOP)) <= 2
