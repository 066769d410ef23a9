"""The personal links of signatories, and how they are addressed; what files are called."""

from django.conf import settings
from django.urls import reverse

from milepost.core import links
from milepost.documents.models import Signatory
from milepost.notices.outbox import Outside
from milepost.people.models import Member


def link_of(signatory: Signatory) -> str:
    """The personal link with which somebody reads and signs."""
    return settings.BASE_URL + reverse("signatory", args=[links.token("document", signatory.uid)])


def recipient(signatory: Signatory) -> Member | Outside:
    """How the person is addressed: as the member that they are, or at the address that was given for them."""
    member = signatory.member
    if member is not None and member.email == signatory.email:
        return member
    return Outside(signatory.request.document.organisation, signatory.email, signatory.name)


def language_of(signatory: Signatory) -> str:
    """The language in which the person is spoken to."""
    return (signatory.member.language if signatory.member else "") or signatory.request.document.language


def file_name(title: str) -> str:
    """A title as the name of a file."""
    return (
        "".join(character if character.isalnum() or character in " -_" else "-" for character in title)[:80].strip()
        or "document"
    )
