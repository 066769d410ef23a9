"""The links of signatories end, so many days after somebody was last written to (`Signatory.link_ends_at`), and are renewed.

A reminder renews the link of whoever is reminded (`reminding`); whoever sends documents renews that of anybody by a tap.
"""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.core.words import date_format
from milepost.documents.facts import DOCUMENT_LINK_RENEWED
from milepost.documents.links import recipient
from milepost.documents.models import ERASED_ADDRESS, Signatory, SignatureRequest
from milepost.documents.requesting import RequestRefused
from milepost.journal.recording import Reference, record
from milepost.notices.outbox import notify
from milepost.people.models import Member


class LinkOver(Refused):
    """The link of a signatory has ended: it shows nothing any more, not even whose it was."""

    sentence = gettext_lazy(
        "Your link to this document has ended. Ask whoever sent it to renew it: that is one tap for them."
    )
    status = 410


def refuse_if_over(signatory: Signatory) -> None:
    """Raise `LinkOver` where the link has ended."""
    if signatory.link_is_over:
        raise LinkOver


def renew_link(*, signatory: Signatory, by: Member) -> None:
    """Have a link that has ended work again, and send it; one that still works is left as it is.

    Raises `RequestRefused`. Records `renewed`.
    """
    with transaction.atomic():
        SignatureRequest.locked(signatory.request_id)
        rows = Signatory.objects.select_related("request__document__organisation", "member__organisation")
        row = rows.get(pk=signatory.pk)
        if not row.link_is_over:
            return
        _refuse_where_nobody_reads(row)
        now = row.link_renewed_at = clock.now()
        row.save(update_fields=["link_renewed_at"])
        document = row.request.document
        about = Reference("signatory", str(row.uid), row.name)
        key = f"{row.uid}:{now.isoformat()}"
        notify("signature_link", to=recipient(row), about=about, key=key, language=document.language)
        record(
            DOCUMENT_LINK_RENEWED,
            organisation=row.organisation,
            actor=by.as_reference(),
            object=document.as_reference(),
            result={"to": row.name},
            context={"request": str(row.request.uid)},
        )


def _refuse_where_nobody_reads(row: Signatory) -> None:
    if row.asked_at is None:
        raise RequestRefused(_("It is not their turn yet: they get a link when they are asked."))
    if row.state == Signatory.State.DELEGATED:
        raise RequestRefused(_("They have passed it on to somebody else."))
    if row.email == ERASED_ADDRESS:
        raise RequestRefused(_("There is no e-mail address that a link could go to."))
    if row.member and row.member.left_on and row.member.has_left and row.member.email == row.email:
        left = date_format(row.member.left_on, "DATE_FORMAT")
        raise RequestRefused(_("%(name)s has left on %(day)s.") % {"name": row.name, "day": left})
