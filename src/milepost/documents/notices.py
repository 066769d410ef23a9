"""What is said about documents: please sign, how it ended, and the one-time code."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from milepost.core import blobs, clock
from milepost.documents.links import file_name, link_of
from milepost.documents.models import LINK_LIVES, Signatory, SignatureRequest
from milepost.documents.permissions import MANAGE_DOCUMENTS
from milepost.notices.kinds import File, Kind
from milepost.notices.models import Notice, Recipient
from milepost.people.models import Organisation
from milepost.people.permissions import Permission

Status = SignatureRequest.Status


class SignatureRequestKind(Kind):
    """“… asks you to sign.” Pointless once they signed, declined or passed it on, or the request is over."""

    label: ClassVar[str | Promise] = _("Documents to sign")
    template = "documents/notices/request.txt"
    permission: ClassVar[Permission | None] = MANAGE_DOCUMENTS
    why_always: ClassVar[str | Promise] = _("Somebody waits for your signature.")

    def find(self, notice: Notice) -> Signatory | None:
        rows = Signatory.objects.select_related("request__document__organisation", "request__created_by", "member")
        return rows.filter(uid=notice.about_id).first()

    def is_still_wanted(self, notice: Notice, signatory: Signatory) -> bool:
        return signatory.state == Signatory.State.WAITING and signatory.request.is_open

    def context(self, notice: Notice, signatory: Signatory) -> dict[str, Any]:
        request, document = signatory.request, signatory.request.document
        return {
            "name": signatory.name,
            "title": document.title,
            "by": _by(request),
            "message": request.message,
            "expires_on": request.expires_on,
            "page": link_of(signatory),
            "link_ends_at": signatory.link_ends_at,
        }

    def reply_to(self, notice: Notice, signatory: Signatory) -> str:
        by = signatory.request.created_by
        return (by.email if by else "") or ""

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {
            "name": to.name,
            "title": _("Training agreement"),
            "by": "Claire Fontaine",
            "message": "",
            "expires_on": clock.today() + timedelta(days=14),
            "page": f"{settings.BASE_URL}/d/…/",
            "link_ends_at": clock.now() + LINK_LIVES,
        }


class SignatureReminderKind(SignatureRequestKind):
    """“… still waits for your signature.”"""

    label = _("Documents still to sign")
    why_always = ""
    may_wait = True

    def context(self, notice: Notice, signatory: Signatory) -> dict[str, Any]:
        return super().context(notice, signatory) | {"is_reminder": True}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return super().example(organisation, to) | {"is_reminder": True}


class SignatureLinkKind(SignatureRequestKind):
    """“Your link works again”, to whoever's link had ended, whatever they did with it before."""

    label = _("Renewed links to documents")
    template = "documents/notices/link.txt"
    why_always = _("You or whoever sent the document asked for it.")

    def is_still_wanted(self, notice: Notice, signatory: Signatory) -> bool:
        return not signatory.link_is_over


class RequestEndKind(Kind):
    """How a request ended: the signed file to all, a refusal or an expiry to the sender."""

    label = _("Documents that are signed, declined or withdrawn")
    template = "documents/notices/end.txt"
    permission: ClassVar[Permission | None] = MANAGE_DOCUMENTS
    why_always = _("It brings you the signed file, or says that you need do nothing more.")

    def find(self, notice: Notice) -> SignatureRequest | None:
        requests = SignatureRequest.objects.select_related("document__organisation", "created_by")
        return requests.filter(document__uid=notice.about_id).first()

    def context(self, notice: Notice, request: SignatureRequest) -> dict[str, Any]:
        declined = request.signatories.filter(state=Signatory.State.DECLINED).first()
        return {
            "title": request.document.title,
            "status": request.status,
            "reason": request.end_reason,
            "who": declined.name if declined else "",
            "expires_on": request.expires_on,
        }

    def files(self, notice: Notice, request: SignatureRequest) -> Sequence[File]:
        if request.status != Status.COMPLETED:
            return ()
        document = request.document
        content = blobs.read(document.organisation.uid, document.pdf)
        return [File(f"{file_name(document.title)}.pdf", content, "application/pdf")]

    def reply_to(self, notice: Notice, request: SignatureRequest) -> str:
        return (request.created_by.email if request.created_by else "") or ""

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"title": _("Training agreement"), "status": "completed", "reason": "", "who": "", "expires_on": None}


class DelegationKind(Kind):
    """“… asks that somebody else signs.” To whoever sent it, who agrees or not on the page of the document."""

    label = _("Somebody else is to sign a document")
    template = "documents/notices/delegation.txt"
    permission: ClassVar[Permission | None] = MANAGE_DOCUMENTS
    why_always = _("A document that you sent waits for your answer.")

    def find(self, notice: Notice) -> Signatory | None:
        rows = Signatory.objects.select_related("request__document__organisation")
        return rows.filter(uid=notice.about_id).first()

    def is_still_wanted(self, notice: Notice, signatory: Signatory) -> bool:
        return bool(signatory.proposed_email) and signatory.request.is_open

    def context(self, notice: Notice, signatory: Signatory) -> dict[str, Any]:
        document = signatory.request.document
        page = reverse("document", args=[document.organisation.slug, document.uid])
        return {
            "name": signatory.name,
            "instead": signatory.proposed_name,
            "email": signatory.proposed_email,
            "title": document.title,
            "page": f"{settings.BASE_URL}{page}#delegation-{signatory.uid}",
        }

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {
            "name": "Otto Ølund",
            "instead": "Maud Lind",
            "email": "maud@aldermoor.example",
            "title": _("Training agreement"),
            "page": f"{settings.BASE_URL}/…/documents/…/",
        }


class DelegationRefusedKind(SignatureRequestKind):
    """“… asks you to sign yourself.”"""

    label = _("You are to sign yourself")
    template = "documents/notices/delegation_refused.txt"


class CodeKind(Kind):
    """A one-time code, for a signatory or an auditor. Its words come with the code, which nothing keeps."""

    label = _("One-time codes")
    template = "documents/notices/code.txt"
    why_always = _("You asked for it a moment ago.")
    is_secret = True
    is_for_members = False

    def find(self, notice: Notice) -> Notice:
        return notice

    def context(self, notice: Notice, thing: Notice) -> dict[str, Any]:
        return {}

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        return {"title": _("Training agreement"), "code": "000000"}


def _by(request: SignatureRequest) -> str:
    return request.created_by.full_name if request.created_by else request.document.organisation.name
