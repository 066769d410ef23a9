"""Entries as sentences that people read. What they say stands with each fact type (see `vocabulary`)."""

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from milepost.core.words import date_format
from milepost.journal.models import Entry
from milepost.journal.vocabulary import Statement, fact_type_of


def phrase(entry: Entry, subject_id: str) -> str:
    """What the entry says, from the view of `subject_id` (a person's history leaves out their own name)."""
    if entry.is_erased:
        return _("Erased, as the law asks")
    fact_type = fact_type_of(entry.fact)
    if fact_type is None:  # of a room that is not installed any more
        return _("“%(verb)s” of “%(object)s”") % {**Statement(entry.content).words, "verb": entry.verb}
    is_done_to = entry.object_id == subject_id and entry.actor_id != subject_id
    return fact_type.tell(entry.content, is_done_to=is_done_to)


def sentence(entry: Entry, subject_id: str = "") -> tuple[str, str]:
    """Who did it and what the entry says, for a history of `subject_id`; who is left out where it would be said twice.

    That is in the history of whoever acted, where the sentence names them itself, and where the words were erased.
    """
    words = phrase(entry, subject_id)
    fact_type = fact_type_of(entry.fact)
    if entry.is_erased or fact_type is None or entry.actor_id == subject_id:
        return "", words
    names_itself = entry.object_id == subject_id and fact_type.done_to
    return "" if names_itself else str(entry.content["actor"]["name"]), words


def told_later_words(entry: Entry) -> str:
    """That it was told later, and when it was recorded; empty for what was told as it happened."""
    if (recorded := entry.told_later) is None:
        return ""
    return _("Told later: recorded %(time)s") % {"time": date_format(localtime(recorded), "DATETIME_FORMAT")}
