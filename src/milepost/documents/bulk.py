"""One document for each of many people, sent to them to sign in one act. One for several people is in `requesting`."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.core import once
from milepost.core.irrevocable import irrevocable
from milepost.documents.composing import RefusedDocument, compose_many
from milepost.documents.kinds import DocumentKind
from milepost.documents.requesting import Party, Terms, request_many
from milepost.journal.recording import Reference
from milepost.people.bulk_acts import Done, remember
from milepost.people.models import BulkAct, Member, MemberQuerySet, Organisation

MOST = 2_000  # people in one act


@irrevocable
def send_to_each(
    *,
    kind: DocumentKind,
    values: Mapping[str, str],
    language: str,
    members: MemberQuerySet,
    terms: Terms,
    by: Member,
    key: str = "",
) -> tuple[UUID, int]:
    """Write a document for each of these people, who have an e-mail address, and ask them to sign it.

    Returns the act, by which it can be undone (`undoing`), and how many it reached. The same from a form of the same `key` is
    done once (see `core.once`).
    Raises `RefusedDocument` for nobody or for more than `MOST`, and as `request_many`. Records `created` and `requested`
    of each.
    """
    people = list(members[: MOST + 1])
    if not 0 < len(people) <= MOST:
        raise RefusedDocument(_("Choose between 1 and %(count)d people who have an e-mail address.") % {"count": MOST})
    with translation.override(language):
        capacity = str(kind.signatories[-1]) if kind.signatories else _("I received it")
    rows = [{**values, "person": member.full_name, "employer": _employer_of(member, by)} for member in people]
    said = [kind.name, language, sorted(values.items()), terms, *sorted(member.pk for member in people)]
    act = once.uid_of(key, by.organisation.uid, "documents", *said)
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=by.organisation_id)
        if before := BulkAct.objects.filter(uid=act).first():
            return act, before.count
        documents = compose_many(organisation=by.organisation, kind=kind, rows=rows, language=language, by=by)
        pairs = [
            (document, [Party(member.full_name, member.email or "", capacity, member)])
            for document, member in zip(documents, people, strict=True)
        ]
        requests = request_many(pairs=pairs, terms=terms, by=by, act=act)
        done = Done("signature-request", act, Reference("document-kind", kind.name, values["title"]))
        remember(done, to=[(member.pk, request.pk) for member, request in zip(people, requests, strict=True)], by=by)
    return act, len(requests)


def _employer_of(member: Member, by: Member) -> str:
    return by.organisation.name if member.relation == "employee" else ""
