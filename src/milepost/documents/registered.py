"""What documents bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import every
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.documents import composing, facts, jobs, provider_seals, reminding, timestamps
from milepost.documents.contribution import DocumentsContribution
from milepost.documents.models import whole
from milepost.documents.notices import (
    CodeKind,
    DelegationKind,
    DelegationRefusedKind,
    RequestEndKind,
    SignatureLinkKind,
    SignatureReminderKind,
    SignatureRequestKind,
)
from milepost.documents.permissions import MANAGE_DOCUMENTS, SEE_DOCUMENTS
from milepost.documents.undoing import RequestsInBulk
from milepost.journal import vocabulary
from milepost.notices.kinds import kinds
from milepost.people import permissions
from milepost.people.bulk_acts import bulk_kinds
from milepost.people.contributions import contributions
from milepost.people.limits import DAY, HOUR, MINUTE, Limit, Per, Rate, limits


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    permissions.register(SEE_DOCUMENTS, MANAGE_DOCUMENTS)
    contributions.register("documents", DocumentsContribution())
    bulk_kinds.register("signature-request", RequestsInBulk())

    limits.register(
        "document-code",
        Limit(
            Rate(10, MINUTE, Per.ADDRESS),
            Rate(20, DAY, Per.LINK),
            Rate(2_000, HOUR, Per.ORGANISATION),
            label=_("The code of a document"),
        ),
    )
    limits.register(
        "document-delegation",  # a mail to whoever sent it
        Limit(
            Rate(10, MINUTE, Per.ADDRESS),
            Rate(5, DAY, Per.LINK),
            Rate(500, HOUR, Per.ORGANISATION),
            label=_("Passing a document on"),
        ),
    )
    timestamps.register("documents", whole, facts.DOCUMENT_SEALED, made_at="created_at")

    every(30, jobs.find_fileless, when=lambda: composing.fileless().exists())
    every(15, jobs.find_undated, when=timestamps.is_owed)
    every(30, jobs.find_without_provider, when=provider_seals.is_owed)

    kinds.register("signature_request", SignatureRequestKind())
    kinds.register("signature_reminder", SignatureReminderKind())
    kinds.register("signature_end", RequestEndKind())
    kinds.register("signature_link", SignatureLinkKind())
    kinds.register("delegation", DelegationKind())
    kinds.register("delegation_refused", DelegationRefusedKind())
    kinds.register("code", CodeKind())
    every(5, jobs.notify_signatories, when=reminding.is_asking)

    navigation.main.register("documents", Link(_("Documents"), "documents", order=60, permission="see_documents"))
