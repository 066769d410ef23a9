"""The verbs on single people; for many at once there is the HR file."""

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core.names import as_seen
from milepost.core.quotas import Quota, limit_of, refuse_beyond
from milepost.core.refusals import Refused
from milepost.journal.recording import SYSTEM, record
from milepost.people.facts import MEMBER_CREATED
from milepost.people.models import Member, Organisation, Relation


class AddressTaken(Refused):
    """Somebody of the organisation has the e-mail address."""

    sentence = gettext_lazy("Somebody in the organisation has this address already.")


def add_member(
    *,
    organisation: Organisation,
    email: str,
    given_name: str,
    family_name: str,
    by: Member | None = None,
    relation: str = Relation.EMPLOYEE,
) -> Member:
    """Add one person. Raises `AddressTaken`, `QuotaReached`. Records `created`."""
    with transaction.atomic():
        if limit_of(organisation, "people") is not None:  # of two who add somebody, each finds what the other did
            Organisation.locked(organisation.pk)
            refuse_beyond(organisation, "people", more=1)
        member, is_new = Member.objects.get_or_create(
            organisation=organisation,
            email=email.strip().lower(),
            defaults={"given_name": as_seen(given_name), "family_name": as_seen(family_name), "relation": relation},
        )
        if not is_new:
            raise AddressTaken
        actor = by.as_reference() if by else SYSTEM
        record(
            MEMBER_CREATED,
            organisation=organisation,
            actor=actor,
            object=member.as_reference(),
            result=member.standing(),
        )
    return member


PEOPLE = Quota(
    gettext_lazy("People"),
    gettext_lazy(
        "Your organisation has %(used)s people and may have %(limit)s here. These were too many, so nobody was added: have those leave who"
        " left, or ask whoever runs Milepost for more."
    ),
    lambda organisation_id: Member.objects.active().filter(organisation=organisation_id).count(),
)
