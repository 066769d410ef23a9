"""The verbs on single people; for many at once there is the HR file."""

from django.db import transaction

from milepost.journal.recording import SYSTEM, record
from milepost.people.facts import MEMBER_CREATED
from milepost.people.models import Member, Organisation, Relation


def add_member(
    *,
    organisation: Organisation,
    email: str,
    given_name: str,
    family_name: str,
    by: Member | None = None,
    relation: str = Relation.EMPLOYEE,
) -> Member:
    """Add one person. Raises `IntegrityError` if the address is taken. Records `created`."""
    with transaction.atomic():
        member = Member.objects.create(
            organisation=organisation,
            email=email.strip().lower(),
            given_name=given_name,
            family_name=family_name,
            relation=relation,
        )
        actor = by.as_reference() if by else SYSTEM
        record(MEMBER_CREATED, organisation=organisation, actor=actor, object=member.as_reference())
    return member
