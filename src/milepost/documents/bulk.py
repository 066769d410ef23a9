"""One document for each of many people, sent to them to sign in one act. One for several people is in `requesting`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.core import once
from milepost.core.irrevocable import irrevocable
from milepost.documents.composing import RefusedDocument, compose_many
from milepost.documents.kinds import KINDS, DocumentKind
from milepost.documents.requesting import Party, Terms, check_terms, request_many
from milepost.journal.recording import Reference
from milepost.people.bulk_acts import Done, remember
from milepost.people.doing import do_to_many
from milepost.people.models import BulkAct, Member, MemberQuerySet

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
) -> BulkAct:
    """Write a document for each of these people, who have an e-mail address, and ask them to sign it (see `doing`).

    Returns the act, by which it can be undone (`undoing`). The same from a form of the same `key` is done once (see `core.once`).
    Raises `RefusedDocument` for nobody or for more than `MOST`, and as `request_many`.
    """
    keys = list(members.exclude(email=None).values_list("pk", flat=True)[: MOST + 1])
    fitting = RefusedDocument(_("Choose between 1 and %(count)d people who have an e-mail address.") % {"count": MOST})
    if len(keys) > MOST:
        raise fitting
    check_terms(terms)
    said = [kind.name, language, sorted(values.items()), terms, *sorted(keys)]
    uid = once.uid_of(key, by.organisation.uid, "documents", *said)
    data = {"kind": kind.name, "language": language, "values": dict(values), "terms": _as_json(terms)}
    act = do_to_many(Done("signature-request", uid, _about(kind, values), data), to=keys, by=by)
    if act is None:
        raise fitting
    return act


def send_some(*, act: BulkAct, members: Sequence[Member], by: Member) -> None:
    """Write the documents of some of them, and ask them. Raises as `request_many`. Records `created` and `requested` of each."""
    kind, language, values = KINDS[act.data["kind"]], act.data["language"], act.data["values"]
    people = [member for member in members if member.email]
    with translation.override(language):
        capacity = str(kind.signatories[-1]) if kind.signatories else _("I received it")
    rows = [{**values, "person": member.full_name, "employer": _employer_of(member, by)} for member in people]
    with transaction.atomic():
        documents = compose_many(organisation=by.organisation, kind=kind, rows=rows, language=language, by=by)
        pairs = [
            (document, [Party(member.full_name, member.email or "", capacity, member)])
            for document, member in zip(documents, people, strict=True)
        ]
        requests = request_many(pairs=pairs, terms=_terms_of(act.data["terms"]), by=by, act=act.uid)
        done = Done("signature-request", act.uid, _about(kind, values))
        remember(done, to=[(member.pk, request.pk) for member, request in zip(people, requests, strict=True)], by=by)


def _about(kind: DocumentKind, values: Mapping[str, str]) -> Reference:
    return Reference("document-kind", kind.name, values["title"])


def _as_json(terms: Terms) -> dict[str, Any]:
    expires_on = terms.expires_on.isoformat() if terms.expires_on else None
    return asdict(terms) | {"copies": list(terms.copies), "expires_on": expires_on}


def _terms_of(kept: Mapping[str, Any]) -> Terms:
    """The terms as `_as_json` kept them."""
    expires_on = date.fromisoformat(kept["expires_on"]) if kept["expires_on"] else None
    return Terms(**{**kept, "expires_on": expires_on})


def _employer_of(member: Member, by: Member) -> str:
    return by.organisation.name if member.relation == "employee" else ""
