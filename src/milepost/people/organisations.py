"""The verbs on organisations: making one. Its name, its colours and all else it decides are changed by `settings.change`."""

import re

from django.conf import settings
from django.db import transaction
from django.urls import get_resolver
from django.utils.translation import gettext as _

from milepost.core.refusals import Refused
from milepost.journal.organisations import Identity
from milepost.journal.recording import SYSTEM, record
from milepost.people.facts import ORGANISATION_CREATED
from milepost.people.identity import state_identity
from milepost.people.models import Organisation
from milepost.people.roles import Role

# In an organisation that has decided nothing yet: those who decide for others, and who sees everything.
ASKED_FOR_A_SECOND_FACTOR = (Role.OWNER, Role.LEAD, Role.HR, Role.AUDITOR)
KEPT = frozenset({"static", "media", "api", "admin", "help"})  # for what comes, beside the addresses that there are


class InvalidOrganisation(Refused):
    """What was given can't be an organisation; the message says why."""

    status = 422


def create_organisation(
    *,
    slug: str,
    name: str,
    language: str = settings.LANGUAGE_CODE,
    time_zone: str = "Europe/Paris",
    is_demonstration: bool = False,
) -> Organisation:
    """Make an empty organisation. Raises `InvalidOrganisation`. Records `created`, and who it is: `stated`.

    One for demonstration tells stories of days that were not, and says so everywhere; no other does, and none becomes one.
    """
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", slug):
        raise InvalidOrganisation(_("“%s” can't be an address: use lower-case letters, digits and hyphens.") % slug)
    if slug in reserved():
        raise InvalidOrganisation(_("“%s” is an address that Milepost keeps for itself. Choose another.") % slug)
    with transaction.atomic():
        organisation, is_new = Organisation.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "language": language,
                "time_zone": time_zone,
                "is_demonstration": is_demonstration,
                "second_factor_roles": list(ASKED_FOR_A_SECOND_FACTOR),
            },
        )
        if not is_new:
            raise InvalidOrganisation(_("There is already an organisation at “%s”.") % slug)
        record(ORGANISATION_CREATED, organisation=organisation, actor=SYSTEM, object=organisation.as_reference())
        state_identity(organisation)
    return organisation


def reserved() -> frozenset[str]:
    """What no organisation can be called: an organisation at /sign/ would hide the page where people sign."""
    routes = (str(pattern.pattern) for pattern in get_resolver().url_patterns)
    return KEPT | {route.partition("/")[0] for route in routes if not route.startswith("<")} - {""}


def identity_of(organisation_id: int) -> Identity:
    """Who the organisation with this number is, for its journal. Raises `LookupError`."""
    row = Organisation.objects.filter(pk=organisation_id).values_list("uid", "name", "is_demonstration").first()
    if row is None:
        raise LookupError(f"There is no organisation {organisation_id}.")
    return Identity(organisation_id, *row)
