"""The verbs on organisations: making one, and giving it its colours."""

import re

from django.db import transaction
from django.urls import get_resolver
from django.utils.translation import gettext as _

from milepost.core import blobs
from milepost.core.refusals import Refused
from milepost.journal.organisations import Identity
from milepost.journal.recording import SYSTEM, record
from milepost.people.colours import contrast
from milepost.people.facts import ORGANISATION_CREATED, ORGANISATION_UPDATED
from milepost.people.models import Member, Organisation

KEPT = frozenset({"static", "media", "api", "admin", "help"})  # for what comes, beside the addresses that there are
MAX_LOGO_BYTES = 512 * 1024
_LOGO_TYPES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


class InvalidOrganisation(Refused):
    """What was given can't be an organisation; the message says why."""

    status = 422


def create_organisation(*, slug: str, name: str, language: str = "en", time_zone: str = "Europe/Paris") -> Organisation:
    """Make an empty organisation. Raises `InvalidOrganisation`. Records `created`."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", slug):
        raise InvalidOrganisation(_("“%s” can't be an address: use lower-case letters, digits and hyphens.") % slug)
    if slug in reserved():
        raise InvalidOrganisation(_("“%s” is an address that Milepost keeps for itself. Choose another.") % slug)
    if Organisation.objects.filter(slug=slug).exists():
        raise InvalidOrganisation(_("There is already an organisation at “%s”.") % slug)
    with transaction.atomic():
        organisation = Organisation.objects.create(slug=slug, name=name, language=language, time_zone=time_zone)
        record(ORGANISATION_CREATED, organisation=organisation, actor=SYSTEM, object=organisation.as_reference())
    return organisation


def reserved() -> frozenset[str]:
    """What no organisation can be called: an organisation at /sign/ would hide the page where people sign."""
    routes = (str(pattern.pattern) for pattern in get_resolver().url_patterns)
    return KEPT | {route.partition("/")[0] for route in routes if not route.startswith("<")} - {""}


def identity_of(organisation_id: int) -> Identity:
    """Who the organisation with this number is, for its journal. Raises `LookupError`."""
    found = Organisation.objects.filter(pk=organisation_id).values_list("uid", "name").first()
    if found is None:
        raise LookupError(f"There is no organisation {organisation_id}.")
    return Identity(organisation_id, *found)


def set_brand(*, organisation: Organisation, colour: str, radius: int, logo: bytes | None, by: Member) -> Organisation:
    """Give the organisation its colour, corners and logo. Raises `InvalidOrganisation`. Records `updated`.

    The colour must reach 4.5:1 against white (WCAG 2.2, 1.4.3), since white words stand on it. `logo` is the
    bytes of a PNG, JPEG or WebP; None keeps the one there is.
    """
    ratio = contrast(colour, "#ffffff")
    if ratio < 4.5:
        raise InvalidOrganisation(
            _("White words on this colour reach a contrast of %(ratio).1f to 1; people need 4.5. Choose a darker one.")
            % {"ratio": ratio},
            field="brand_colour",
        )
    logo_type = _logo_type(logo) if logo else None
    with transaction.atomic():
        organisation.brand_colour = colour
        organisation.corner_radius = radius
        if logo and logo_type:
            organisation.logo = blobs.store(organisation.uid, logo)
            organisation.logo_type = logo_type
        organisation.save(update_fields=["brand_colour", "corner_radius", "logo", "logo_type"])
        record(ORGANISATION_UPDATED, organisation=organisation, actor=by.as_reference(),
               object=organisation.as_reference(), context={"fields": ["brand"]})  # fmt: skip
    return organisation


def _logo_type(logo: bytes) -> str:
    if len(logo) > MAX_LOGO_BYTES:
        raise InvalidOrganisation(_("The logo is larger than 512 kB. Save a smaller one."), field="logo_file")
    for mark, media_type in _LOGO_TYPES:
        if logo.startswith(mark) and (media_type != "image/webp" or logo[8:12] == b"WEBP"):
            return media_type
    raise InvalidOrganisation(_("The logo must be a PNG, JPEG or WebP picture."), field="logo_file")
