"""One person's record: adding somebody, changing what is known of them, that they have left, that they are back.

What is said of one person goes the way of a file of one row: the same checks, the same facts, the same care of roles.
"""

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from milepost.core.quotas import refuse_beyond
from milepost.people.import_plan import ImportRefused, Plan
from milepost.people.import_planning import plan_person
from milepost.people.importing import carry_out
from milepost.people.merging import IsEarlierRecord
from milepost.people.models import Member, Merge, Organisation


def add_person(*, organisation: Organisation, said: Mapping[str, str], by: Member) -> Member:
    """Add somebody of whom this is said, by field (`headings.FIELDS`); return them. Records `created`.

    Raises `ImportRefused` with what is wrong, `QuotaReached`.
    """
    return _do(organisation, said, None, by).new[0].member


def change_person(*, member: Member, said: Mapping[str, str], by: Member) -> bool:
    """Have this known of somebody, by field: what is empty is cleared, what is not said stays; return whether anything changed.

    Records `updated`, or `reactivated` where they had left and are back. Raises `ImportRefused` with what is wrong,
    `QuotaReached`.
    """
    return not _do(member.organisation, said, member, by).is_empty


def _do(organisation: Organisation, said: Mapping[str, str], person: Member | None, by: Member) -> Plan:
    try:
        with transaction.atomic():
            Organisation.locked(organisation.pk)
            if person is not None:
                Member.locked(person.pk)
                if Merge.objects.filter(earlier=person.pk).exists():
                    raise IsEarlierRecord
            plan = plan_person(organisation=organisation, said=said, person=person, by=by)
            counts = plan.counts
            if more := counts["new"] + counts["back"]:
                refuse_beyond(organisation, "people", more=more)
            if not plan.is_empty:
                carry_out(plan, by)
            return plan
    except IntegrityError as error:  # a trainer took somebody in at the same moment
        raise ImportRefused from error
