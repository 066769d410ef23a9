"""What this room records: drafts that were taken in, and versions that were published."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import COUNT, FactType

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
    result={"version": COUNT},
    sentence=gettext_lazy("Published version %(version)s of “%(object)s”"),
)
