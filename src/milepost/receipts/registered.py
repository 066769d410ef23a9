"""What receipts bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import every
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.notices.kinds import kinds
from milepost.people import permissions
from milepost.people.contributions import contributions
from milepost.people.limits import DAY, MINUTE, Limit, Per, Rate, limits
from milepost.people.sections import sections
from milepost.receipts import facts, jobs
from milepost.receipts.contribution import ReceiptsContribution
from milepost.receipts.notices import ReceiptLinkKind
from milepost.receipts.permissions import RECOGNISE_LEARNING
from milepost.receipts.sections import receipts_of


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    limits.register(
        "receipt",
        Limit(Rate(10, MINUTE, Per.ADDRESS), Rate(20, DAY, Per.LINK), label=_("The link to a receipt")),
    )
    permissions.register(RECOGNISE_LEARNING)
    contributions.register("receipts", ReceiptsContribution())
    sections.register("receipts", receipts_of)
    kinds.register("receipt_link", ReceiptLinkKind())
    every(3600, jobs.tell_leavers)

    navigation.person.register("my_receipt", Link(_("My receipt"), "my_receipt", order=41, icon="award"))
    brought = Link(_("Receipts of others"), "receipts", order=30, permission="recognise_learning", icon="award")
    navigation.links("people").register("receipts", brought)
