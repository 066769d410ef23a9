"""Why somebody entered or left an audience, in names that facts keep, and in words."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy

from milepost.audiences import conditions

RULE, GONE, TIME = "rule", "gone", "minimum-days"

_OWN = {
    RULE: gettext_lazy("the rule was changed"),
    GONE: gettext_lazy("no longer in the organisation"),
    TIME: gettext_lazy("has fitted long enough"),
}


def in_words(names: Sequence[str]) -> str:
    """What these reasons are called in the active language, joined by commas; of a room that went its name."""
    words = [
        str(_OWN[name]) if name in _OWN else str(conditions.get(name).label) if conditions.is_known(name) else name
        for name in names
    ]
    lower = [word[:1].lower() + word[1:] for word in words]
    return ", ".join(lower)
