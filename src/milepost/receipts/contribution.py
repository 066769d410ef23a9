"""What receipts hold of people: those of other organisations that they brought."""

from collections.abc import Iterator
from typing import ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.people.contributions import Contribution, File, FileKind, Listed
from milepost.people.models import Member
from milepost.receipts.models import Receipt


class ReceiptFiles(FileKind[Receipt]):
    """Receipts that people brought. They speak of another organisation, so that they lie in no dossier."""

    name, model, listed, in_dossier = "receipt", Receipt, Listed.NOWHERE, False

    def of_person(self, member: Member) -> "QuerySet[Receipt]":
        return Receipt.objects.filter(member=member).order_by("pk")

    def file(self, row: Receipt) -> File:
        return File(row.digest)

    def title(self, row: Receipt) -> str:
        return _("Receipt of %(issuer)s") % {"issuer": row.issuer}

    def download_name(self, row: Receipt) -> str:
        return "receipt.zip"


class ReceiptsContribution(Contribution):
    """Receipts go with their person."""

    files = (ReceiptFiles(),)
    records: ClassVar = {"receipts.Receipt": gettext_lazy("Receipts of other organisations")}

    def things_of(self, member: Member) -> Iterator[str]:
        uids = Receipt.objects.filter(member=member).values_list("uid", flat=True)
        return (str(uid) for uid in uids)

    def erase(self, member: Member) -> None:
        Receipt.objects.filter(member=member).delete()
