"""What a detail of an event says to an owner: `detail` is a word of the code, and nobody who reads the log wrote it.

words_of("password+totp")       # “Password, code from an app”
words_of("spoken-code")         # the label of that limit
words_of("organisation_settings")   # what menus call the page; else where it stands: “Page /people/…/roles/”
"""

import re

from django.urls import get_resolver
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.design import navigation
from milepost.people.limits import limits

WORDS = {
    # By what somebody came in, tried to, or went out
    "password": gettext_lazy("Password"),
    "code": gettext_lazy("Code by e-mail"),
    "password_reset": gettext_lazy("Link for a new password"),
    "password-reset": gettext_lazy("Link for a new password"),
    "mfa": gettext_lazy("Second factor"),
    "second-factor": gettext_lazy("Second factor"),
    "totp": gettext_lazy("Code from an app"),
    "webauthn": gettext_lazy("Passkey"),
    "recovery_codes": gettext_lazy("Recovery code"),
    "confirming": gettext_lazy("Asked once more who they are"),
    "unknown-address": gettext_lazy("An address that nobody has"),
    "sign-out": gettext_lazy("Signed out"),
    "other-device": gettext_lazy("On another device"),
    "everywhere": gettext_lazy("On all devices"),
    # How a password was changed
    "changed": gettext_lazy("With the one before"),
    "set": gettext_lazy("For the first time"),
    "reset": gettext_lazy("By a link that was sent by e-mail"),
}
_VARIABLE = re.compile(r"%\(\w+\)s")
_WITHIN = "%(organisation)s/"


def words_of(detail: str) -> str:
    """The detail in words."""
    return ", ".join(dict.fromkeys(map(_word_of, detail.split("+")))) if detail else ""


def _word_of(name: str) -> str:
    if name in WORDS:
        return str(WORDS[name])
    if name in limits:
        return str(limits.get(name).label)
    if label := navigation.labels().get(name):
        return _("Page “%(page)s”") % {"page": label}
    return _("Page %(address)s") % {"address": address} if (address := _address_of(name)) else ""


def _address_of(view: str) -> str:
    """Where the page stands, without what is another one each time; empty for a page that is gone."""
    found = get_resolver().reverse_dict.getlist(view)
    if not found:
        return ""
    (pattern, _variables), *_others = found[-1][0]
    return "/" + _VARIABLE.sub("…", pattern.removeprefix(_WITHIN))
