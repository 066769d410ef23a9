"""What this room records: receipts of other organisations, brought and refused. What is recognised, `learning` records."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import FLAG, REFERENCE, SHA256, TEXT, UID, FactType, one_of

RECEIPT_BROUGHT = FactType(
    "brought",
    "receipt",
    result={"sha256": SHA256, "key": SHA256},
    context={"holder?": UID, "instructor?": REFERENCE},
    sentence=gettext_lazy("Brought a receipt of %(object)s"),
    done_to=gettext_lazy("Brought by %(actor)s"),
)
RECEIPT_CHECKED = FactType(
    "checked",
    "receipt",
    is_office=True,
    result={"key": SHA256, "is_published": FLAG, "how": one_of("typed", "fetched")},
    context={"holder": UID},
    sentence=gettext_lazy("Held the key of the receipt of %(object)s against what is published"),
)
RECEIPT_REFUSED = FactType(
    "refused",
    "receipt",
    is_office=True,
    result={"reason": TEXT},
    context={"holder": UID},
    sentence=gettext_lazy("Refused the receipt of %(object)s: %(reason)s"),
)
