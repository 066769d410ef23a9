"""What an organisation decides about its log of security events."""

from django import forms
from django.utils.translation import gettext_lazy

from milepost.people.settings import Page, Setting

SECURITY = Page("security", gettext_lazy("Security"))

SECURITY_KEPT_DAYS = Setting(
    "security_kept_days",
    forms.IntegerField(
        label=gettext_lazy("Days that security events are kept"),
        min_value=30,
        max_value=3650,
        help_text=gettext_lazy(
            "They hold addresses of devices, which are personal data: no longer than you need them."
        ),
        widget=forms.NumberInput({"class": "form-control"}),
    ),
    365,
    SECURITY,
)
