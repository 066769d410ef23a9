"""Entries of the journal as sentences: `{% load journal %}` in the templates of higher rooms."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from milepost.journal.models import Entry
from milepost.journal.phrases import phrase

register = template.Library()


@register.simple_tag
def journal_phrase(entry: Entry, subject: object) -> str:
    """An entry of the journal as a sentence."""
    return phrase(entry, str(subject))


@register.simple_tag
def journal_sentence(entry: Entry) -> SafeString:
    """An entry as a sentence that begins with who: for a history of many people."""
    if entry.is_erased:
        return format_html("{}", phrase(entry, ""))
    return format_html("<strong>{}</strong>: {}", entry.content["actor"]["name"], phrase(entry, entry.actor_id))
