"""Quantities and dates in words, in the language of whoever reads."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from itertools import groupby

from django.utils import formats
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_ISOLATE, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_DAY_BEFORE_MONTH = re.compile(r"(?<!\\)\bj\b(?= F|$)")
_MINUTES_AFTER_HOUR = re.compile(r"(?<=\\h)\xa0i\b")  # where a letter stands between them: 9 h 05


def date_format(value: date, format: str = "DATE_FORMAT", use_l10n: bool | None = None) -> str:
    """As `django.utils.formats.date_format`, with the first of a month as the language says it, and full hours: 1er décembre 2026 à 9 h."""
    form = formats.get_format(format, use_l10n=use_l10n)
    if getattr(value, "day", None) == 1:
        # Translators: how the first of a month is written before its name, as a format of dates: j is the number.
        first = pgettext("the first of a month", "j")
        form = _DAY_BEFORE_MONTH.sub(lambda _match: first, form)
    return formats.date_format(
        value, _without_minutes(form) if getattr(value, "minute", 1) == 0 else form, use_l10n=False
    )


def _without_minutes(form: str) -> str:
    return _MINUTES_AFTER_HOUR.sub("", form)


def clock_time(value: datetime | time, *, to_the_second: bool = False) -> str:
    """An hour as people write it, on every paper and page: 09:05; in French 9 h 05, and 9 h.

    `to_the_second` is for when something was recorded: 09:05:07; in French 9 h 05 min 07 s.
    """
    if to_the_second:
        # Translators: an hour with its seconds, as a format of times.
        return formats.time_format(value, pgettext("to the second", "H:i:s"), use_l10n=False)
    form = formats.get_format("TIME_FORMAT")
    return formats.time_format(value, form if value.minute else _without_minutes(form), use_l10n=False)


def day_and_time(value: datetime, *, to_the_second: bool = False) -> str:
    """A moment in few words: 26/11/2026 09:05; in French 26/11/2026 9 h 05."""
    return f"{date_format(value, 'SHORT_DATE_FORMAT')} {clock_time(value, to_the_second=to_the_second)}"


def hours(start: datetime | time, end: datetime | time) -> str:
    """From when to when on one day: 09:00–12:30; in French 9 h – 12 h 30."""
    first, last = clock_time(start), clock_time(end)
    return f"{first}\xa0– {last}" if "h" in first else f"{first}–{last}"


def days(first: date, last: date) -> str:
    """From when to when, without saying twice what both share: 5 November 2026, 5 to 7 November 2026, 30 November to 2 December 2026."""
    if first > last:
        raise ValueError("A range begins before it ends.")
    if first == last:
        return date_format(first)
    form = formats.get_format("DATE_FORMAT")
    if first.year == last.year:
        form = "j" if first.month == last.month else "j F"
    # Translators: a range of days: 5 to 7 November 2026.
    return pgettext("days", "%(first)s to %(last)s") % {"first": date_format(first, form), "last": date_format(last)}


def days_and_hours(spans: Iterable[tuple[datetime, datetime]]) -> str:
    """Each day once, with its hours: Monday 5 October 2026, 09:00–12:30 and 13:30–17:00; … The times are local ones, in order."""
    told, form = [], _("l j F Y")
    # Translators: between the last two of the hours of a day.
    also = pgettext("hours", "and")
    for day, of_day in groupby(spans, key=lambda span: span[0].date()):
        *before, last = (hours(start, end) for start, end in of_day)
        each = f"{', '.join(before)} {also} {last}" if before else last
        told.append(f"{date_format(day, form, use_l10n=False)}, {each}")
    return "\N{NO-BREAK SPACE}; ".join(told) if _is_french() else "; ".join(told)


def _is_french() -> bool:
    return (get_language() or "").startswith("fr")


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


def ended(text: str) -> str:
    """The text before a number or a sign, on paper: one that runs from right to left does not turn what follows (LRM, UAX 9, 2.6)."""
    return f"{text}\N{LEFT-TO-RIGHT MARK}" if _RIGHT_TO_LEFT.search(text) else text


def set_apart(text: str) -> str:
    """The text for a place within a sentence: one that runs from right to left turns nothing beside it (Unicode UAX 9, 2.4).

    In HTML an element `bdi` does the same; this holds in a title, an attribute and a mail, too.
    """
    return f"{_ISOLATE}{text}{_END}" if _RIGHT_TO_LEFT.search(text) else text
