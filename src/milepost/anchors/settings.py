"""What an organisation decides about its seals outside: who keeps them."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.people.settings import Page, Setting

KEEPING = Page("keepers", gettext_lazy("Proof that others hold"))
MOST = 10  # addresses: whoever keeps seals is a person or a program that was asked, and no list


class KeepersField(forms.CharField):
    """Addresses, one a line: of e-mail, or of the web."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(super().to_python(value)).split("\n")
        addresses = list(dict.fromkeys(_checked(line.strip()) for line in lines if line.strip()))
        if len(addresses) > MOST:
            raise ValidationError(_("At most %(count)d addresses.") % {"count": MOST})
        return addresses


def _checked(address: str) -> str:
    """The address as it is kept: of e-mail in small letters."""
    if is_web(address):
        try:
            parts = urlsplit(address)
            is_one = bool(parts.hostname) and parts.port != 0 and not parts.fragment and len(address) <= 500
        except ValueError:  # no number for a port, a bracket too many
            is_one = False
        if is_one and not any(letter.isspace() for letter in address):
            return address
        raise ValidationError(_("“%(address)s” is no address of the web.") % {"address": address[:80]})
    try:
        validate_email(address)
    except ValidationError:
        words = _("“%(address)s” is neither an e-mail address nor one of the web (https://…).")
        raise ValidationError(words % {"address": address[:80]}) from None
    return address.lower()


def is_web(address: str) -> bool:
    """Whether it is an address of the web, to which a program listens."""
    return address.lower().startswith(("https://", "http://"))


SEAL_KEEPERS: Setting[list[str]] = Setting(
    "seal_keepers",
    KeepersField(
        label=gettext_lazy("Who is sent the newest seal, once a day"),
        required=False,
        max_length=6000,
        help_text=gettext_lazy(
            "One address a line: people outside (the works council, the auditor, a client) or a program of theirs (https://…). A seal is"
            " two hundred characters that say nothing of anybody. Whoever has kept one can show later that nothing before it was changed."
        ),
        widget=forms.Textarea({"class": "form-control", "rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
    ),
    [],
    KEEPING,
)
