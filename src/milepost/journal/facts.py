"""The journal's own facts."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import COUNT, RANGES, SHA256, TEXT, FactType, listed

ERASED = FactType(
    "erased",
    "",
    result={"places": RANGES, "leaves?": listed(SHA256), "count": COUNT, "reason": TEXT},
    is_office=True,
    watched="erased",
    sentence=gettext_lazy("%(actor)s had the words of %(count)s facts erased: %(reason)s"),
)
