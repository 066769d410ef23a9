"""What stands on the page of an attestation, in its language."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from milepost.anchors.publishing import page_of as published_page
from milepost.attestations.models import Attestation, Whom
from milepost.core.words import date_format
from milepost.documents.typesetting import facts_of, logo_of


def share(content: Mapping[str, Any]) -> str:
    """Per cent certified, with one decimal, never rounded up: 99.97 is no 100."""
    concerned = content["concerned"]
    tenths = 1000 * content["certified"] // concerned if concerned else 0
    return number_format(tenths / 10, decimal_pos=0 if tenths % 10 == 0 else 1)


def sentence(content: Mapping[str, Any]) -> str:
    """What is attested, in one sentence of the active language."""
    words = {
        "day": date_format(date.fromisoformat(content["day"]), "DATE_FORMAT"),
        "share": share(content),
        "certified": number_format(content["certified"], force_grouping=True),
        "concerned": number_format(content["concerned"], force_grouping=True),
    }
    if not content["concerned"]:
        return _("On %(day)s, nobody was concerned.") % words
    return _("On %(day)s, %(share)s %% of those concerned were certified: %(certified)s of %(concerned)s.") % words


def page_of(attestation: Attestation, content: dict[str, Any], *, made_at: datetime) -> dict[str, Any]:
    """What the template `attestation` lays out; the numbers go with it as a file, too, for whoever checks them."""
    organisation, told = attestation.organisation, content["organisation"]
    with translation.override(attestation.language):
        return {
            "language": attestation.language,
            "organisation": told["name"],
            "organisation_facts": facts_of(organisation, told["postal_address"], told["registration_number"]),
            "logo": logo_of(organisation),
            "colour": organisation.brand_colour,
            "heading": _("Attestation"),
            "reference": str(attestation.uid)[:8],
            "title": " · ".join(course["title"] for course in content["courses"]),
            "statement": sentence(content),
            "facts": _facts(attestation, content, made_at),
            "labels": [_("Site"), _("Concerned"), _("Certified"), "%"],
            "sites": [_site(row) for row in content["sites"]],
            "annex_label": _("The list"),
            "annex": _annex(content),
            "fingerprint": content["annex"]["sha256"],
            "numbers": json.dumps(content, ensure_ascii=False, indent=1),
            "notes": _notes(content, published_page(organisation)),
            "certifier": told["certifier_name"] or told["name"],
            "certifier_quality": told["certifier_quality"],
            "sealed": _("Attested and sealed electronically for %(name)s.") % {"name": told["name"]},
        }


def _facts(attestation: Attestation, content: dict[str, Any], made_at: datetime) -> list[list[str]]:
    scope = content["scope"]
    rows = [
        (_("As of"), date_format(attestation.day, "DATE_FORMAT")),
        (_("Whom it concerns"), str(Whom(scope["whom"]).label)),
        (_("Site"), scope["site"]),
        (_("Department"), scope["department"]),
        (_("Made on"), date_format(made_at, "DATE_FORMAT")),
    ]
    return [[label, value] for label, value in rows if value]


def _site(row: Mapping[str, Any]) -> list[str]:
    numbers = [number_format(row[name], force_grouping=True) for name in ("concerned", "certified")]
    return [row["name"] or _("without a site"), *numbers, share(row)]


def _annex(content: Mapping[str, Any]) -> str:
    return _(
        "Who is concerned and who of them was certified stands in a list, a file of its own that need not be shown. It has "
        "%(rows)s rows. The fingerprint (SHA-256) of its file, which begins with a random number, is this one:"
    ) % {"rows": number_format(content["annex"]["rows"], force_grouping=True)}


def _notes(content: Mapping[str, Any], page: str) -> list[str]:
    notes = [
        _(
            "Counted from the facts of the journal up to the end of the day: who left, or whose certificate was revoked "
            "afterwards, counts as they stood."
        )
    ]
    if content["placed_by_register"]:
        notes.append(
            _(
                "Where %(count)s of them stood is told by the register as it was when this was made: earlier facts do not tell it."
            )
            % {"count": number_format(content["placed_by_register"], force_grouping=True)}
        )
    notes.append(
        _("milepost verify FILE checks it offline, and with --annex the list. Whose key it is: %(page)s")
        % {"page": page}
    )
    return notes
