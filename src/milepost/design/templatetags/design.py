"""What templates of all rooms share: icons, the tick of a state, days in words."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.core import once as once_only
from milepost.core.words import date_format, duration
from milepost.design import navigation, offers

register = template.Library()


@cache
def _icon(name: str) -> str:
    path = finders.find(f"design/icons/{name}.svg")
    if not isinstance(path, str):
        raise template.TemplateSyntaxError(f"There is no icon {name}")
    return Path(path).read_text(encoding="utf-8").strip()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A Bootstrap icon, inline and silent for screen readers; words beside it say what it means."""
    return mark_safe(_icon(name))  # noqa: S308 (a file of ours)


@register.simple_tag
def once() -> SafeString:
    """The key of a form that makes something: sent twice, it is made once (see `core.once`)."""
    return format_html('<input type="hidden" name="{}" value="{}">', once_only.FIELD, once_only.new_key())


@register.simple_tag
def tick(progress: Any) -> SafeString:
    """The state of an activity, as a mark and as a word."""
    state = getattr(progress, "status", "")
    words = {"completed": _("done"), "failed": _("not passed"), "started": _("begun"), "": _("to do")}
    classes = {"completed": "on", "failed": "no", "started": "half", "": ""}
    return format_html(
        '<span class="tick {}"><span class="visually-hidden">{}</span></span>', classes[state], words[state]
    )


@register.simple_tag
def due_in_words(due: date | None) -> str:
    """“Due in 4 days”, “Due today”, “3 days late”; further away the date."""
    if due is None:
        return ""
    days = (due - clock.today()).days
    if days < 0:
        return ngettext("%(days)d day late", "%(days)d days late", -days) % {"days": -days}
    if days == 0:
        return _("Due today")
    if days <= 14:
        return ngettext("Due tomorrow", "Due in %(days)d days", days) % {"days": days}
    return _("Due %(date)s") % {"date": day(due)}


register.filter("offer_of", offers.offer_of)


@register.filter("date", expects_localtime=True, is_safe=False)
def date_in_words(value: date | datetime | None, form: str = "DATE_FORMAT") -> str:
    """Django's own `date`, with the first of a month as the language says it."""
    return date_format(value, form) if value else ""


@register.filter
def due_class(due: date | None) -> str:
    """late, soon or nothing: the colour that goes with `due_in_words`."""
    if due is None:
        return ""
    days = (due - clock.today()).days
    return "late" if days < 0 else "soon" if days <= 7 else ""


@register.filter
def day(value: date | datetime | None) -> str:
    """A day without its year when it is of this year: 23 November, 3 September 2024."""
    if value is None:
        return ""
    is_this_year = value.year == clock.today().year
    return date_format(value, _("j F") if is_this_year else _("j F Y"), use_l10n=False)


register.filter("minutes", duration)


@register.filter
def clocktime(seconds: float) -> str:
    """A position in a recording: 1:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


@register.filter
def megabytes(size: int) -> str:
    """A size for people: 12 kB, 3.4 MB."""
    if size >= 1e6:
        return _("%(size)s MB") % {"size": number_format(size / 1e6, 1)}
    return _("%(size)s kB") % {"size": number_format(max(1, round(size / 1e3)))}


@register.filter
def lookup(mapping: dict[Any, Any], key: Any) -> Any:
    """A value by a key that is a variable."""
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def querystring_with(context: template.Context, **changes: Any) -> str:
    """The page's query with some values changed (empty: taken out), beginning with ?."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in ("", None):
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.filter
def said_in(text: str, language: str) -> str | SafeString:
    """Words in the language that they are written in, where that is not the page's: a screen reader speaks them rightly."""
    if not text or language in ("", get_language()):
        return text
    return format_html('<bdi lang="{}">{}</bdi>', language, text)


@register.filter
def short_fingerprint(digest: str) -> str:
    """The first signs of a fingerprint, enough to tell two apart by eye."""
    return digest[:8]


@register.filter
def iso_date(text: str) -> str:
    """A date that is kept as text (2026-11-23), as people of the language write it."""
    return date_format(date.fromisoformat(text), "DATE_FORMAT")


@register.inclusion_tag("design/components/table_head.html")
def table_head(*headings: str, figures: str = "") -> dict[str, Any]:
    """The head of a table; `figures` counts out which of its columns are numbers: `figures="2 3"`."""
    numbers = {int(number) for number in figures.split()}
    return {"columns": [(heading, number in numbers) for number, heading in enumerate(headings, 1)]}


@register.inclusion_tag("design/components/tabs.html", takes_context=True)
def tabs(
    context: template.Context, page: str, here: str, label: str, of: Any = None, classes: str = ""
) -> dict[str, Any]:
    """The tabs of a sort of page (`navigation.links`): about `of`, by its slug, or about the organisation alone."""
    before = (context["organisation"].slug, *((of.slug,) if of is not None else ()))
    shown = navigation.links_of(page, thing=of, before=before, here=here, allows=_allows(context))
    return {"tabs": shown, "label": label, "classes": classes}


@register.simple_tag(takes_context=True)
def links(context: template.Context, page: str, of: Any = None) -> list[navigation.Shown]:
    """What rooms offer on a sort of page (`navigation.links`) about `of`; addresses begin with the organisation."""
    before = (context["organisation"].slug,)
    return navigation.links_of(page, thing=of, before=before, allows=_allows(context))


def _allows(context: template.Context) -> navigation.Allows:
    can = context["can"]
    return lambda permission: bool(can[permission])


@register.simple_tag(takes_context=True)
def place(context: template.Context, name: str) -> str:
    """The address of a place in the main navigation, for templates of rooms below the one that owns it."""
    return reverse(navigation.main.get(name).url_name, args=[context["organisation"].slug])
