"""What documents bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import every
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.documents import composing, facts, jobs, reminders, timestamps
from milepost.documents.contribution import DocumentsContribution
from milepost.documents.models import undated
from milepost.documents.notices import CodeKind, RequestEndKind, SignatureReminderKind, SignatureRequestKind
from milepost.documents.permissions import MANAGE_DOCUMENTS, SEE_DOCUMENTS
from milepost.journal import vocabulary
from milepost.notices.kinds import kinds
from milepost.people import permissions
from milepost.people.contributions import contributions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    permissions.register(SEE_DOCUMENTS, MANAGE_DOCUMENTS)
    contributions.register("documents", DocumentsContribution())

    timestamps.register("documents", undated, facts.DOCUMENT_SEALED)

    every(30, jobs.find_fileless, when=lambda: composing.fileless().exists())
    every(15, jobs.find_undated, when=timestamps.is_owed)

    kinds.register("signature_request", SignatureRequestKind())
    kinds.register("signature_reminder", SignatureReminderKind())
    kinds.register("signature_end", RequestEndKind())
    kinds.register("code", CodeKind())
    every(5, jobs.notify_signatories, when=reminders.is_asking)

    navigation.main.register("documents", Link(_("Documents"), "documents", order=60, permission="see_documents"))
