"""Entries of the journal as sentences: `{% load journal %}` in the templates of higher rooms."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from milepost.core.words import date_format
from milepost.journal.models import Entry
from milepost.journal.phrases import sentence, told_later_words

register = template.Library()


@register.simple_tag
def journal_sentence(entry: Entry, subject: object = "") -> SafeString:
    """An entry as a sentence that begins with who; in the history of a `subject`, without who where that goes without saying."""
    who, words = sentence(entry, str(subject))
    return format_html(_("<strong>{}</strong>: {}"), who, words) if who else format_html("{}", words)


@register.simple_tag
def journal_time(entry: Entry) -> SafeString:
    """When it happened, as it was told; and, where it was told later, that it was, and when it was recorded."""
    happened = date_format(localtime(entry.time), "DATETIME_FORMAT")
    time = format_html('<time datetime="{}">{}</time>', localtime(entry.time).isoformat(), happened)
    later = told_later_words(entry)
    return format_html('{}<span class="told-later">{}</span>', time, later) if later else time
