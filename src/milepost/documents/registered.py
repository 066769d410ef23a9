"""What documents bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.core import periodic
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.documents import dating
from milepost.documents.composing import make_pending
from milepost.documents.contribution import DocumentsContribution
from milepost.documents.mailing import mail_due
from milepost.documents.models import undated
from milepost.people.contributions import contributions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    contributions.register("documents", DocumentsContribution())

    periodic.every(3, make_pending)
    dating.register(undated)
    periodic.every(10, mail_due)
    periodic.every(15, dating.date_pending)

    navigation.main.register("documents", Link(_("Documents"), "documents", order=60, permission="manage_documents"))
