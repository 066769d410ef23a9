"""The journal's own facts."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import COUNT, DAY, RANGES, SHA256, TEXT, FactType, listed, one_of

ERASED = FactType(
    "erased",
    "",
    result={"places": RANGES, "leaves?": listed(SHA256), "count": COUNT, "reason": TEXT},
    context={"procedure?": one_of("person", "outside", "retention"), "ground?": TEXT, "asked_on?": DAY},
    is_office=True,
    watched="erased",
    sentence=gettext_lazy("%(actor)s had the words of %(count)s facts erased: %(reason)s"),
)
MISSED = FactType(
    "missed",
    "entry",
    result={"named_by?": SHA256},
    is_office=True,
    watched="fact-missed",
    sentence=gettext_lazy("Fact %(object)s is gone: it was removed before its seal, or the database lost it"),
)
