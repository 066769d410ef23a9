"""Entries of the journal as sentences: `{% load journal %}` in the templates of higher rooms."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from milepost.journal.models import Entry
from milepost.journal.phrases import sentence

register = template.Library()


@register.simple_tag
def journal_sentence(entry: Entry, subject: object = "") -> SafeString:
    """An entry as a sentence that begins with who; in the history of a `subject`, without who where that goes without saying."""
    who, words = sentence(entry, str(subject))
    return format_html(_("<strong>{}</strong>: {}"), who, words) if who else format_html("{}", words)
