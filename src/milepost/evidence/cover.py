"""The first page of a dossier: what it is about, what is there of what the profile wants, and how to check it."""

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from milepost.anchors.publishing import page_of
from milepost.core.words import date_format, duration
from milepost.documents.typesetting import logo_of
from milepost.evidence.contributions import counts
from milepost.evidence.models import TrainingAction
from milepost.evidence.readiness import Readiness
from milepost.people.contributions import Finding, Scope


def cover_page(
    action: TrainingAction, scope: Scope, readiness: Readiness, *, facts: int, made_at: datetime, key: str
) -> dict[str, Any]:
    """What the template `cover` lays out, in the action's language. `key` is the fingerprint of the sealing key."""
    organisation, profile = action.organisation, readiness.profile
    with translation.override(action.language):
        wanted = _("%(percent)s %% of what the profile “%(profile)s” wants is there.")
        return {
            "language": action.language,
            "organisation": organisation.name,
            "colour": organisation.brand_colour,
            "organisation_facts": list(filter(None, (organisation.postal_address, organisation.registration_number))),
            "logo": logo_of(organisation),
            "heading": _("Dossier"),
            "title": action.title,
            "reference": action.reference,
            "facts": [[label, value] for label, value in _lines(action, scope, readiness, facts) if value],
            "percent": readiness.percent,
            "readiness": wanted % {"percent": readiness.percent, "profile": profile.label},
            "labels": [_("Piece"), _("State"), _("Article")],
            "findings": [_row(finding) for finding in readiness.findings],
            "how": _("How to check it"),
            "check": _how_to_check(key, page_of(organisation)),
            "made": _("Made on %(day)s.") % {"day": date_format(made_at, "DATETIME_FORMAT")},
            "sealed": _("Sealed electronically for %(name)s.") % {"name": organisation.name},
        }


def _row(finding: Finding) -> list[Any]:
    return [finding.label, finding.words, finding.article, finding.is_ready]


def _lines(action: TrainingAction, scope: Scope, readiness: Readiness, facts: int) -> list[tuple[str, str]]:
    """What the dossier is about, and how many there are of what rooms count; a line without a value is left out."""
    first, last = (date_format(day, "DATE_FORMAT") for day in (action.starts_on, action.ends_on))
    return [
        (_("Reference"), action.reference),
        (_("Profile"), readiness.profile.label),
        (_("The other party"), action.client),
        (_("Funding body"), " · ".join(filter(None, (action.funder, action.funding_reference)))),
        (_("Dates"), f"{first} – {last}"),
        (_("Duration"), duration(action.minutes)),
        (_("Participants"), "" if scope.member else str(scope.members.count())),
        (_("Person"), scope.member.full_name if scope.member else ""),
        *((label, str(count)) for label, count in counts(scope)),
        (_("Facts of the journal"), str(facts)),
    ]


def _how_to_check(key: str, page: str) -> list[str]:
    return [
        _(
            "Everything in this dossier can be checked offline, without an account and without trusting whoever made it: "
            "milepost verify FILE, or the one file verify.py that Milepost publishes."
        ),
        _(
            "The manifest lists every file with its fingerprint and is signed. The facts in journal/entries.jsonl lead to "
            "the head of the journal’s tree (RFC 9162), which is sealed. Every sealed document stands in the journal with "
            "its fingerprint."
        ),
        _("Key (SHA-256): %(key)s") % {"key": key},
        _("Whose key it is, what was revoked, the newest seal and verify.py: %(page)s") % {"page": page},
    ]
