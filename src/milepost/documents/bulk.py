"""One document for each of many people, sent to them to sign in one act. One for several people is in `requesting`."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.documents.composing import RefusedDocument, compose_many
from milepost.documents.kinds import DocumentKind
from milepost.documents.requesting import Party, Terms, request_many
from milepost.people.models import Member, MemberQuerySet

MOST = 2_000  # people in one act


def send_to_each(
    *, kind: DocumentKind, values: Mapping[str, str], language: str, members: MemberQuerySet, terms: Terms, by: Member
) -> int:
    """Write a document for each of these people, who have an e-mail address, and ask them to sign it; return how many.

    Raises `RefusedDocument` for nobody or for more than `MOST`, and as `request_many`. Records `created` and `requested`
    of each.
    """
    people = list(members[: MOST + 1])
    if not 0 < len(people) <= MOST:
        raise RefusedDocument(_("Choose between 1 and %(count)d people who have an e-mail address.") % {"count": MOST})
    with translation.override(language):
        capacity = str(kind.signatories[-1]) if kind.signatories else _("I received it")
    rows = [{**values, "person": member.full_name, "employer": _employer_of(member, by)} for member in people]
    with transaction.atomic():
        documents = compose_many(organisation=by.organisation, kind=kind, rows=rows, language=language, by=by)
        pairs = [
            (document, [Party(member.full_name, member.email or "", capacity, member)])
            for document, member in zip(documents, people, strict=True)
        ]
        return request_many(pairs=pairs, terms=terms, by=by)


def _employer_of(member: Member, by: Member) -> str:
    return by.organisation.name if member.relation == "employee" else ""
