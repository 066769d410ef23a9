"""What this room records: that somebody took figures about people out."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import FactType

COURSE_EXPORTED = FactType(
    "exported",
    "course",
    is_office=True,
    watched="exported",
    sentence=gettext_lazy("Exported “%(object)s”"),
)
