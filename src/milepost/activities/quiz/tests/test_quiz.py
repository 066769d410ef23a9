import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.activities.quiz.grading import is_answered, is_settled, mark, right_response, score_of
from milepost.activities.quiz.notation import Notation
from milepost.activities.quiz.types import Mark, QuestionType, question_types
from milepost.core import sandbox
from milepost.courses.reading import read_course
from milepost.learning.enrolling import enrol
from milepost.learning.models import Attempt
from tests.worlds import SMALL_COURSE, files, make_course

ALL_KINDS = """---
title: All
pass_mark: 60
attempts: 2
---

Read well.

## One right

Some *text*.

- [ ] secret-wrong > not feedback
  > Sorry.
- [x] secret-right
  > Well done.

> For everyone.

## Several right

{points: 2}

- [x] one
- [x] two
- [ ] three

## Sure?

= false > Indeed.
!= true > No.

## How much?

= 9.81 ± 0.02 m/s²
!= 10 > Too round.

## Which gas?

= carbon dioxide | CO2 > Yes.
!= oxygen > That feeds it.

## In order

1. alpha
2. beta
3. gamma

## Match

- left one :: right one
- left two :: right two

## Gaps

A [[cat|kitten]] sits on a [[mat]].
"""
TREE = SMALL_COURSE | {"01-first/02-check.quiz.md": ALL_KINDS}
ADDRESS = "/aldermoor/learn/ladders/01-first/02-check/"


@pytest.fixture(scope="module")
def questions():
    source = read_course(files(TREE))
    assert source.problems == []
    return source.activities[1].definition["questions"]


def by_type(questions, kind):
    return next(question for question in questions if question["type"] == kind)


def test_every_type_of_question_is_recognised(questions):
    assert [q["type"] for q in questions] == [
        "single",
        "multiple",
        "truefalse",
        "number",
        "text",
        "ordering",
        "matching",
        "gaps",
    ]


def test_the_right_response_to_everything_scores_a_hundred(questions):
    assert score_of(questions, {q["key"]: right_response(q) for q in questions}) == 100.0


def test_no_response_scores_nothing(questions):
    assert score_of(questions, {}) == 0.0


def test_points_weigh(questions):
    only = {q["key"]: right_response(q) for q in questions if q["type"] == "multiple"}
    assert score_of(questions, only) == round(100 * 2 / 9, 2)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(st.data())
def test_no_response_whatever_breaks_the_grading_or_leaves_its_bounds(questions, data):
    for question in questions:
        assert 0.0 <= mark(question, data.draw(json_values)).fraction <= 1.0


@pytest.mark.parametrize(
    ("response", "fraction"),
    [
        ("9.81", 1),
        ("9,80", 1),
        ("9.83", 1),
        (" 9.81 ", 1),
        ("9.84", 0),
        ("10", 0),
        ("abc", 0),
        ("NaN", 0),
        ("1e999", 0),
        ("1e9999999", 0),
        ("-9e999999", 0),
        ("1e-9999999", 0),
    ],
)
def test_a_number_is_right_within_its_tolerance(questions, response, fraction):
    assert mark(by_type(questions, "number"), response).fraction == fraction


@pytest.mark.parametrize("response", ["Carbon Dioxide", "co2", "  carbon   dioxide. "])
def test_a_short_text_is_right_however_it_is_typed(questions, response):
    assert mark(by_type(questions, "text"), response).is_right


def test_a_wrong_value_gets_its_own_feedback(questions):
    assert mark(by_type(questions, "number"), "10").feedback == ("Too round.",)
    assert mark(by_type(questions, "text"), "oxygen").feedback == ("That feeds it.",)


def test_choosing_everything_in_a_multiple_choice_is_not_the_way(questions):
    question = by_type(questions, "multiple")
    assert mark(question, [option["key"] for option in question["options"]]).fraction == 0.5


def test_ordering_and_matching_and_gaps_count_in_part(questions):
    order = right_response(by_type(questions, "ordering"))
    assert mark(by_type(questions, "ordering"), [order[0], order[2], order[1]]).fraction == pytest.approx(1 / 3)
    pairs = right_response(by_type(questions, "matching"))
    assert mark(by_type(questions, "matching"), {key: next(iter(pairs.values())) for key in pairs}).fraction == 0.5
    assert mark(by_type(questions, "gaps"), {"g1": "Kitten", "g2": "hat"}).fraction == 0.5


@pytest.mark.parametrize(
    ("response", "answered"),
    [
        ("", False),
        ("  ", False),
        ([], False),
        ({}, False),
        ({"a": ""}, False),
        ("0", True),
        ({"a": "x"}, True),
        (["k"], True),
    ],
)
def test_an_empty_response_is_none(response, answered):
    assert is_answered(response) is answered


# --- On the page ------------------------------------------------------------------------------------------


@pytest.fixture
def client(visit, learner, organisation, lead):
    from milepost.learning.enrolling import enrol

    enrol(member=learner, course=make_course(organisation, TREE), by=lead)
    client = visit(learner)
    client.get(ADDRESS)
    return client


def test_nothing_that_tells_what_is_right_is_sent_before_the_end(client):
    client.post(ADDRESS + "attempt/")
    html = client.get(ADDRESS).text
    for answer in (
        "Well done",
        "Sorry",
        "For everyone",
        "is_right",
        "9.81",
        "carbon dioxide",
        "kitten",
        "Indeed",
        "Too round",
    ):
        assert answer not in html, answer
    assert "secret-right" in html


def test_the_order_sent_is_never_the_right_one(client, questions):
    client.post(ADDRESS + "attempt/")
    shown = next(q for q in client.get(ADDRESS).context["questions"] if q["type"] == "ordering")
    assert [item["key"] for item in shown["items"]] != right_response(by_type(questions, "ordering"))


def test_what_is_moved_and_filled_in_has_a_name_of_its_own_for_a_screen_reader(client):
    """Six buttons were called “Up” and “Down”, a gap by its key, and the unit of a number was not spoken."""
    client.post(ADDRESS + "attempt/")
    html = client.get(ADDRESS).text
    shown = {q["type"]: q for q in client.get(ADDRESS).context["questions"]}
    order, number = shown["ordering"], shown["number"]
    for item in order["items"]:
        name = f"{order['key']}-{item['key']}"
        assert f'<span id="{name}">' in html
        assert f'aria-labelledby="{name}-up {name}"' in html
    assert 'aria-label="Gap 1"' in html
    assert f'aria-describedby="{number["key"]}-unit complaint-{number["key"]}"' in html


def test_the_order_stays_the_same_when_the_page_is_opened_again(client):
    client.post(ADDRESS + "attempt/")
    first, second = (client.get(ADDRESS).context["questions"] for _ in range(2))
    assert first == second


def test_an_answer_is_there_again_after_the_laptop_was_closed(client):
    client.post(ADDRESS + "attempt/")
    assert client.post(ADDRESS + "answers/", {"question": "q4", "q4": "9.81"}).json() == {"saved": True}
    shown = {q["key"]: q for q in client.get(ADDRESS).context["questions"]}
    assert shown["q4"]["value"] == "9.81"


def test_an_answer_that_is_no_number_is_kept_and_says_where_it_stands_that_it_is_none(client):
    client.post(ADDRESS + "attempt/")
    answer = client.post(ADDRESS + "answers/", {"question": "q4", "q4": "zzz"}).json()
    complaint = "“zzz” is not a number. Write it in digits alone, such as 12 or 3.5."
    assert answer == {"saved": True, "complaints": {"q4": complaint}}
    page = client.get(ADDRESS).text
    assert 'value="zzz"' in page and complaint in page
    assert re.search(r'id="q4" data-answered="no"', page)
    assert re.search(r'name="q4"[^>]*aria-describedby="[^"]*complaint-q4" aria-invalid="true"', page)
    client.post(ADDRESS + "answers/", {"question": "q4", "q4": "9,81"})
    assert re.search(r'id="q4" data-answered="yes"', page := client.get(ADDRESS).text) and complaint not in page


def test_what_was_no_number_says_so_in_the_result(client):
    client.post(ADDRESS + "attempt/")
    client.post(ADDRESS + "submission/", {"question": "q4", "q4": "zzz"})
    assert "“zzz” is not a number." in client.get(ADDRESS).text


@pytest.mark.parametrize("kind", ["matching", "gaps"])
def test_a_question_of_several_parts_counts_as_answered_once_each_is_filled(questions, kind):
    question = by_type(questions, kind)
    whole = right_response(question)
    assert is_settled(question, whole) and len(whole) > 1
    for part in whole:
        half = whole | {part: " "}
        assert is_answered(half) and not is_settled(question, half)
        assert 0 < mark(question, half).fraction < 1  # what is there counts all the same


def test_the_result_shows_feedback_and_hides_right_answers_while_attempts_remain(client):
    client.post(ADDRESS + "attempt/")
    page = client.post(ADDRESS + "submission/", {"question": "q4", "q4": "10"}, follow=True)
    assert "Too round." in page.text
    assert "carbon dioxide" not in page.text
    client.post(ADDRESS + "attempt/")
    page = client.post(ADDRESS + "submission/", {"question": "q4", "q4": "10"}, follow=True)
    assert "carbon dioxide" in page.text
    assert "You have used every attempt" in page.text


def test_an_answer_with_markup_is_shown_as_text(client):
    client.post(ADDRESS + "attempt/")
    page = client.post(ADDRESS + "submission/", {"question": "q5", "q5": "<img src=x onerror=alert(1)>"}, follow=True)
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


def test_a_very_long_answer_is_cut(client):
    client.post(ADDRESS + "attempt/")
    client.post(ADDRESS + "answers/", {"question": "q5", "q5": "x" * 100_000})
    assert len(Attempt.objects.get().answers.get().response) == 500


def test_after_the_end_answers_are_told_that_it_is_over(client):
    assert client.post(ADDRESS + "answers/", {"question": "q4", "q4": "1"}).status_code == 409


def test_an_attempt_under_way_is_judged_by_the_content_it_began_with(client, organisation):
    client.post(ADDRESS + "attempt/")
    client.post(ADDRESS + "answers/", {"question": "q4", "q4": "9.81"})
    make_course(organisation, TREE | {"01-first/02-check.quiz.md": ALL_KINDS.replace("= 9.81 ± 0.02", "= 5")})
    client.get(ADDRESS)
    assert Attempt.objects.get().score == pytest.approx(100 / 9, abs=0.01)


def test_definitions_are_plain_json(questions):
    assert json.loads(json.dumps(questions)) == questions


# --- A type of one's own ------------------------------------------------------------------------------------


class Guess(QuestionType):
    """`? forty-two`: whoever types it is right. All that a type brings, in one place."""

    name = "guess"
    notation = Notation("guesses", re.compile(r"^\?[ \t]+(?P<text>.+)$"))

    def fits(self, draft):
        return True

    def read(self, written):
        return {"answer": written.items(self.notation)[0].text}

    def show(self, question, response, showing):
        return {"value": response or ""}

    def mark(self, question, response):
        return Mark.of(float(response == question["answer"]), "That is what I meant.")

    def right(self, question):
        return question["answer"]

    def tell(self, question, response):
        return [f"<em>{response}</em>"]

    @property
    def template(self):
        return "quiz/types/text.html"


def test_a_type_that_somebody_brings_is_written_shown_judged_and_told(organisation, lead, learner, visit, monkeypatch):
    monkeypatch.setattr(sandbox, "IS_POSSIBLE", False)  # no other process knows a type that is made here
    text = "---\ntitle: Mine\nshuffle: false\npass_mark: 100\n---\n\n## How many?\n\n? forty-two\n"
    with question_types.holding("guess", Guess()):
        course = make_course(organisation, SMALL_COURSE | {"01-first/02-check.quiz.md": text}, by=lead)
        enrol(member=learner, course=course, by=lead)
        client, url = visit(learner), ADDRESS
        client.get(url)
        client.post(url + "attempt/")
        assert 'name="q1"' in client.get(url).text
        assert "forty-two" not in client.get(url).text
        client.post(url + "submission/", {"question": "q1", "q1": "forty-two"})
        shown = client.get(url).text
        assert "<em>forty-two</em>" in shown
        assert "That is what I meant." in shown
        assert Attempt.objects.get().score == 100
