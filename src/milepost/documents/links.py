"""The personal links of signatories, and how they and their files are named."""

from django.conf import settings
from django.urls import reverse

from milepost.core import links
from milepost.documents.models import Signatory


def link_of(signatory: Signatory) -> str:
    """The personal link with which somebody reads and signs."""
    return settings.BASE_URL + reverse("signatory", args=[links.token("document", signatory.uid)])


def language_of(signatory: Signatory) -> str:
    """The language in which the person is spoken to."""
    return (signatory.member.language if signatory.member else "") or signatory.request.document.language


def file_name(title: str) -> str:
    """A title as the name of a file."""
    return (
        "".join(character if character.isalnum() or character in " -_" else "-" for character in title)[:80].strip()
        or "document"
    )
