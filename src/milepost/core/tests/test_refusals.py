from django import forms

from milepost.core.refusals import Refused, add_to_form, as_problem


class SlotIsClosed(Refused):
    """The half-day is closed."""

    sentence = "The half-day is closed. Ask the trainer."


class Times(forms.Form):
    ends_at = forms.DateField(required=False)


def test_a_refusal_says_its_own_sentence_or_the_one_it_was_raised_with():
    assert str(SlotIsClosed()) == "The half-day is closed. Ask the trainer."
    assert str(SlotIsClosed("It closed at noon.")) == "It closed at noon."


def test_its_code_stays_while_sentences_change():
    assert SlotIsClosed("Something else.").code == "slot-is-closed"


def test_it_is_shown_where_its_input_is():
    form = Times({})
    add_to_form(SlotIsClosed(field="ends_at"), form)
    assert form.errors == {"ends_at": ["The half-day is closed. Ask the trainer."]}


def test_a_refusal_without_an_input_of_the_form_stands_above_it():
    form = Times({})
    add_to_form(SlotIsClosed(field="elsewhere"), form)
    assert form.non_field_errors() == ["The half-day is closed. Ask the trainer."]


def test_as_a_problem_it_names_status_code_and_field():
    assert as_problem(SlotIsClosed(field="ends_at")) == {
        "title": "The half-day is closed. Ask the trainer.",
        "status": 409,
        "code": "slot-is-closed",
        "field": "ends_at",
    }
    assert "field" not in as_problem(SlotIsClosed())
