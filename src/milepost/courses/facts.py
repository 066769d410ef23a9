"""What this room records: drafts that were taken in, and versions that were published."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import COUNT, FLAG, SHA256, TEXT, FactType, Fields, closed, listed

# What a version states of an activity: hours are counted by it (docs/hours.md).
_ACTIVITY: Fields = {"key": TEXT, "kind": TEXT, "title": TEXT, "digest": SHA256, "minutes": COUNT, "is_live": FLAG}

COURSE_IMPORTED = FactType(
    "imported",
    "course",
    is_office=True,
    result={"files": COUNT},
    sentence=gettext_lazy("Imported “%(object)s”"),
)
COURSE_PUBLISHED = FactType(
    "published",
    "course",
    is_office=True,
    result={"version": COUNT, "activities": listed(closed(_ACTIVITY)), "asked_again?": listed(TEXT)},
    sentence=gettext_lazy("Published version %(version)s of “%(object)s”"),
)
