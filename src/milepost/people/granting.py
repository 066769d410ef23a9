"""The verbs on roles: grant and revoke."""

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.journal.recording import SYSTEM, record
from milepost.journal.verbs import Verb
from milepost.people.models import Member, RoleGrant
from milepost.people.roles import Role


class LastOwner(Refused):
    """The organisation would be left without an owner."""

    sentence = gettext_lazy("An organisation needs an owner. Make somebody else owner first.")


def grant(*, member: Member, role: Role, by: Member | None = None) -> None:
    """Give `member` the role; giving it twice is a no-op. Records `granted`."""
    with transaction.atomic():
        _grant, is_new = RoleGrant.objects.get_or_create(member=member, role=role, defaults={"granted_by": by})
        if is_new:
            _record(Verb.GRANTED, member, role, by)
    member.__dict__.pop("roles", None)


def revoke(*, member: Member, role: Role, by: Member | None = None) -> None:
    """Take the role from `member`; a role not held is a no-op. Raises `LastOwner`. Records `revoked`."""
    with transaction.atomic():
        if role == Role.OWNER:
            owners = RoleGrant.objects.select_for_update().filter(
                role=role, member__organisation=member.organisation_id, member__left_on=None
            )
            if not [held for held in owners if held.member_id != member.id]:
                raise LastOwner
        deleted, _by_model = RoleGrant.objects.filter(member=member, role=role).delete()
        if deleted:
            _record(Verb.REVOKED, member, role, by)
    member.__dict__.pop("roles", None)


def _record(verb: Verb, member: Member, role: Role, by: Member | None) -> None:
    record(
        verb,
        organisation_id=member.organisation_id,
        actor=by.as_reference() if by else SYSTEM,
        object=member.as_reference(),
        result={"role": role.value},
    )
