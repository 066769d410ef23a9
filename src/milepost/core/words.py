"""Quantities and dates in words, in the language of whoever reads."""

import re
from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_ISOLATE, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_DAY_BEFORE_MONTH = re.compile(r"(?<!\\)j(?= F)")


def date_format(value: date, format: str = "DATE_FORMAT", use_l10n: bool | None = None) -> str:
    """As `django.utils.formats.date_format`, with the first of a month as the language says it: 1er décembre 2026."""
    form = formats.get_format(format, use_l10n=use_l10n)
    if getattr(value, "day", None) == 1:
        # Translators: how the first of a month is written before its name, as a format of dates: j is the number.
        first = pgettext("the first of a month", "j")
        form = _DAY_BEFORE_MONTH.sub(lambda _match: first, form)
    return formats.date_format(value, form, use_l10n=False)


def capital(words: object) -> str:
    """The words as they stand alone, in the language of whoever reads: with a capital letter."""
    text = str(words)
    return text[:1].upper() + text[1:]


def duration(minutes: int) -> str:
    """A duration as people say it: 8 min, 1 h 20 min, 2 h."""
    hours, rest = divmod(int(minutes), 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": rest}
    if not rest:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


def set_apart(text: str) -> str:
    """The text for a place within a sentence: one that runs from right to left turns nothing beside it (Unicode UAX 9, 2.4).

    In HTML an element `bdi` does the same; this holds in a title, an attribute and a mail, too.
    """
    return f"{_ISOLATE}{text}{_END}" if _RIGHT_TO_LEFT.search(text) else text
