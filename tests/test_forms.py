"""Every form there is, whichever room it is of."""

from datetime import date
from importlib import import_module

import pytest
from django import forms
from django.utils import translation

DAY = date(2026, 12, 31)


def all_forms(base=forms.BaseForm):
    for one in base.__subclasses__():
        yield one
        yield from all_forms(one)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_day_in_a_form_is_written_as_the_browser_s_control_reads_it(language):
    import_module("milepost.config.urls")
    days = {
        f"{form.__module__}.{form.__name__}.{name}": field
        for form in all_forms()
        if form.__module__.startswith("milepost.") and ".tests." not in form.__module__
        for name, field in form.base_fields.items()
        if isinstance(field, forms.DateField)
    }
    assert len(days) >= 7
    with translation.override(language):
        shown = {name: field.widget.render("day", DAY) for name, field in days.items()}
    assert {
        name for name, html in shown.items() if 'type="date"' not in html or 'value="2026-12-31"' not in html
    } == set()
