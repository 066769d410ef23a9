"""Labelled inputs and rows of lists, as templates write them."""

import re

import pytest
from django import forms
from django.template import Context, Engine, TemplateSyntaxError
from django.utils import translation


def written(source, **context):
    return Engine.get_default().from_string(source).render(Context(context))


def attributes(html, element):
    """The attributes of the one element of this name."""
    (tag,) = re.findall(rf"<{element}\b([^>]*)>", html)
    return dict(re.findall(r'([\w-]+)(?:="([^"]*)")?', tag))


def test_an_input_is_named_by_its_label():
    html = written('{% input "email" "E-mail" type="email" required maxlength=200 %}')
    assert attributes(html, "label") == {"class": "form-label", "for": "email"}
    assert attributes(html, "input") == {
        "id": "email",
        "name": "email",
        "class": "form-control",
        "type": "email",
        "maxlength": "200",
        "required": "",
    }


def test_one_of_many_inputs_of_a_name_has_an_id_of_its_own_in_digits_alone(settings):
    settings.USE_THOUSAND_SEPARATOR = True
    with translation.override("fr"):
        html = written('{% input "left" "Left at" of=row %}', row=10240)
    assert attributes(html, "input")["id"] == attributes(html, "label")["for"] == "left-10240"
    assert attributes(html, "input")["name"] == "left"


def test_help_and_what_is_wrong_are_read_with_the_input():
    html = written('{% input "q" "Name" help="At least three letters." error=problem %}', problem="Say <which>.")
    assert attributes(html, "input")["aria-describedby"] == "q-help q-error"
    assert attributes(html, "input")["aria-invalid"] == "true"
    assert 'id="q-help">At least three letters.</span>' in html
    assert 'id="q-error">Say &lt;which&gt;.</p>' in html


def test_an_input_finds_what_is_wrong_with_it_by_its_id():
    html = written('{% input "a" "A" %}{% textarea "b" "B" %}', complaints={"b": "Too long."})
    assert "aria-invalid" not in attributes(html, "input")
    assert attributes(html, "textarea")["aria-describedby"] == "b-error"


def test_an_attribute_that_is_empty_false_or_unknown_is_left_out():
    html = written('{% input "a" "A" required=no placeholder=empty value=nothing lang=unknown %}', no=False, empty="")
    assert attributes(html, "input") == {"id": "a", "name": "a", "class": "form-control"}


def test_what_people_typed_is_escaped_in_every_place():
    evil = '"><script>'
    source = """
        {% input "a" evil value=evil placeholder=evil help=evil error=evil of=evil %}
        {% textarea "b" "B" value=evil %}
        {% select evil "C" value=evil %}{% option evil evil %}{% options words %}{% endselect %}
        {% row evil evil %}{{ evil }}{% beside %}{{ evil }}{% endrow %}"""
    html = written(source, evil=evil, words=[evil])
    assert "<script" not in html
    assert html.count("&quot;&gt;&lt;script&gt;") >= 15


def test_the_first_line_break_of_a_text_is_kept():
    assert written('{% textarea "a" "A" value=text %}', text="\nwords").count("\n") == 2


def test_the_chosen_option_of_a_select_is_selected_whatever_its_type():
    class Site:
        def __init__(self, pk, name):
            self.pk, self.name = pk, name

    source = '{% select "site" "Site" value=site %}{% option "" "all" %}{% options sites "pk" "name" %}{% endselect %}'
    for chosen in (2, "2"):
        html = written(source, site=chosen, sites=[Site(1, "Lyon"), Site(2, "eBay")])
        assert re.findall(r'value="(\d*)" selected', html) == ["2"]
    assert re.findall(r'value="(\d*)" selected', written(source, site=None, sites=[])) == [""]


def test_options_in_our_words_begin_with_a_capital_letter_and_names_stay_as_they_are():
    html = written(
        '{% select "a" "A" %}{% option "" "as it stands" %}{% options ours %}{% options theirs %}{% endselect %}',
        ours=[("x", "étape")],
        theirs=["eBay"],
    )
    assert re.findall(r">([^<]+)</option>", html) == ["As it stands", "Étape", "eBay"]


def test_a_label_may_be_for_screen_readers_alone():
    html = written('{% input "file" "The log" quiet type="file" %}')
    assert attributes(html, "label")["class"] == "visually-hidden"
    assert "quiet" not in attributes(html, "input")


@pytest.mark.parametrize(
    "source", ['{% input "a" %}', '{% input "a" "A" Bad! %}', '{% option "a" %}', "{% row %}{% endrow %}"]
)
def test_a_tag_that_is_written_wrongly_is_refused_when_the_template_is_read(source):
    with pytest.raises(TemplateSyntaxError):
        written(source)


class Form(forms.Form):
    name = forms.CharField(help_text="In full.", widget=forms.TextInput({"class": "form-control"}))
    agreed = forms.BooleanField(label="agreed", widget=forms.CheckboxInput({"class": "form-check-input"}))
    ways = forms.MultipleChoiceField(choices=[("a", "by phone")], widget=forms.CheckboxSelectMultiple)


def test_each_field_of_a_form_is_labelled_and_says_what_is_wrong_by_its_widget():
    html = written("{% for one in form %}{% field one %}{% endfor %}", form=Form({"name": ""}))
    assert '<label class="form-label" for="id_name">Name</label>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_error"' in html and 'id="id_agreed_error"' in html and 'id="id_ways_error"' in html
    assert "<span>Agreed</span>" in html
    assert '<legend class="form-label">Ways</legend>' in html
    assert "<span>By phone</span>" in html


def test_choices_of_which_there_are_none_are_left_out():
    form = Form()
    form.fields["ways"].choices = []
    assert written("{% field form.ways %}", form=form).strip() == ""


def test_a_row_leads_on_where_it_may_and_leaves_out_what_is_empty():
    source = "{% row name url %}{{ under }}{% beside %}{{ end }}{% endrow %}"
    assert written(source, name="Fire", url="/fire/", under="3 modules", end="Done") == (
        '<div class="row-item"><div><a class="stretched" href="/fire/"><strong dir="auto">Fire</strong></a>'
        '<div class="kicker">3 modules</div></div>Done</div>'
    )
    assert written(source, name="Fire") == '<div class="row-item"><div><strong dir="auto">Fire</strong></div></div>'
