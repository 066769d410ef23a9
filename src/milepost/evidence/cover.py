"""The first page of a dossier: what it is about, what is there of what the profile wants, and how to check it."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from milepost.anchors.publishing import page_of
from milepost.core.words import date_format, days, duration
from milepost.documents.typesetting import facts_of, logo_of
from milepost.evidence.models import TrainingAction
from milepost.evidence.readiness import Readiness
from milepost.people.contributions import Finding

type Headings = Mapping[str, str | Promise]


def cover_page(
    action: TrainingAction,
    readiness: Readiness,
    said: Mapping[str, Any],
    *,
    headings: Headings,
    made_at: datetime,
    key: str,
) -> dict[str, Any]:
    """What the template `cover` lays out, in the action's language. `key` is the fingerprint of the sealing key.

    `said` are the numbers of the dossier (`DossierFile`), which go with the page as a file, too: `milepost verify` holds them
    against the rest. `headings` are what the pieces of each folder are called.
    """
    organisation, profile, told = action.organisation, readiness.profile, said["organisation"]
    with translation.override(action.language):
        wanted = _("%(percent)s %% of what the profile “%(profile)s” wants is there.")
        return {
            "language": action.language,
            "organisation": told["name"],
            "colour": organisation.brand_colour,
            "organisation_facts": facts_of(organisation, told["postal_address"], told["registration_number"]),
            "logo": logo_of(organisation),
            "heading": _("Dossier"),
            "title": said["title"],
            "reference": action.reference,
            "facts": [[label, value] for label, value in _lines(readiness, said, headings) if value],
            "numbers": json.dumps(said, ensure_ascii=False, indent=1),
            "percent": readiness.percent,
            "readiness": wanted % {"percent": readiness.percent, "profile": profile.label},
            "labels": [_("Piece"), _("State"), _("Article")],
            "findings": [_row(finding) for finding in readiness.findings],
            "how": _("How to check it"),
            "check": _how_to_check(key, page_of(organisation)),
            "made": _("Made on %(day)s.") % {"day": date_format(made_at, "DATETIME_FORMAT")},
            "sealed": _("Sealed electronically for %(name)s.") % {"name": told["name"]},
        }


def _row(finding: Finding) -> list[Any]:
    return [finding.label, finding.words, finding.article, finding.is_ready]


def _lines(readiness: Readiness, said: Mapping[str, Any], headings: Headings) -> list[tuple[str, str]]:
    """What the dossier is about, and how many there are of what is in it; a line without a value is left out."""
    first, last = (date.fromisoformat(said[name]) for name in ("starts_on", "ends_on"))
    return [
        (_("Reference"), said["reference"]),
        (_("Profile"), readiness.profile.label),
        (_("The other party"), said["client"]),
        (_("Funding body"), " · ".join(filter(None, (said["funder"], said["funding_reference"])))),
        (_("Dates"), days(first, last)),
        (_("Duration"), duration(said["minutes"])),
        (_("Participants"), "" if said["person"] else str(said["people"])),
        (_("Person"), said["person"]),
        *((str(headings[folder]), str(count)) for folder, count in said["pieces"].items()),
        (_("Facts of the journal"), str(said["facts"])),
    ]


def _how_to_check(key: str, page: str) -> list[str]:
    return [
        _(
            "Everything in this dossier can be checked offline, without an account and without trusting whoever made it: "
            "milepost verify FILE, or the one file verify.pyz that Milepost publishes."
        ),
        _(
            "The manifest lists every file with its fingerprint and is signed. The facts in journal/entries.jsonl lead to "
            "the head of the journal’s tree (RFC 9162), which is sealed. Every sealed document stands in the journal with "
            "its fingerprint."
        ),
        _("Key (SHA-256): %(key)s") % {"key": key},
        _("Whose key it is, what was revoked, the newest seal and verify.pyz: %(page)s") % {"page": page},
    ]
