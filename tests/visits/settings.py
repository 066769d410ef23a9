"""What an organisation decides about visits."""

from django import forms

from milepost.people.settings import Page, Setting

PAGE = Page("visits", "Visits at work")
VISITS_ADVICE = Setting("visits_advice", forms.CharField(label="Advice above the list", required=False), "", PAGE)
