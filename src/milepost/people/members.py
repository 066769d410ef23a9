"""The verbs on single people; for many at once there is the HR file."""

from django.db import transaction
from django.utils.translation import gettext_lazy

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
    """Add one person. Raises `AddressTaken`. Records `created`."""
    with transaction.atomic():
        member, is_new = Member.objects.get_or_create(
            organisation=organisation,
            email=email.strip().lower(),
            defaults={"given_name": given_name, "family_name": family_name, "relation": relation},
        )
        if not is_new:
            raise AddressTaken
        actor = by.as_reference() if by else SYSTEM
        record(MEMBER_CREATED, organisation=organisation, actor=actor, object=member.as_reference())
    return member
