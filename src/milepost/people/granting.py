"""The verbs on roles: grant and revoke. Nobody gives or takes more than they hold, nor for longer."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.irrevocable import irrevocable
from milepost.core.refusals import Refused
from milepost.journal.recording import SYSTEM, record
from milepost.journal.vocabulary import FactType
from milepost.people import scopes
from milepost.people.facts import MEMBER_GRANTED, MEMBER_REVOKED
from milepost.people.models import Member, Organisation, RoleGrant
from milepost.people.permissions import MANAGE_ROLES, Permission, carrying, may, permissions_of
from milepost.people.roles import FOLLOWING, ORGANISATION, Role


class LastOwner(Refused):
    """The organisation would be left without an owner."""

    sentence = gettext_lazy("An organisation needs an owner. Make somebody else owner first.")


class MoreThanYouHold(Refused):
    """Somebody would give or take what they don't hold themselves, there or for so long."""

    sentence = gettext_lazy(
        "You can give or withdraw only what you hold yourself, where you hold it and for as long as you hold it."
    )
    status = 403


class InvalidGrant(Refused):
    """Such a grant can't be; the message says why."""


@irrevocable
def grant(
    *,
    member: Member,
    role: Role,
    scope: str = ORGANISATION,
    key: int | None = None,
    until: date | None = None,
    by: Member | None = None,
) -> None:
    """Give `member` the role within the scope, until the end of the day `until`; giving the same again is a no-op.

    Without `by` it is the installation that gives. Raises `InvalidGrant`, `MoreThanYouHold`. Records `granted`.
    """
    wanted = RoleGrant(member=member, role=role, scope=scope, scope_key=key, expires_on=until, granted_by=by)
    _refuse_impossible(wanted)
    with transaction.atomic():
        _one_at_a_time(member, by)
        _refuse_beyond(by, wanted)
        known = RoleGrant.objects.filter(member=member, role=role, scope=scope, scope_key=key).first()
        if known is None:
            wanted.save(force_insert=True)
            _record(MEMBER_GRANTED, wanted, by)
        elif known.expires_on != until:
            _refuse_beyond(by, known)
            _refuse_last_owner(known)
            known.expires_on = until
            known.save(update_fields=["expires_on"])
            _record(MEMBER_GRANTED, wanted, by)
    member.forget_grants()


@irrevocable
def revoke(
    *, member: Member, role: Role, scope: str = ORGANISATION, key: int | None = None, by: Member | None = None
) -> None:
    """Take the role within the scope from `member`; a role not held is a no-op.

    Raises `LastOwner`, `MoreThanYouHold`. Records `revoked`.
    """
    with transaction.atomic():
        _one_at_a_time(member, by)
        known = RoleGrant.objects.filter(member=member, role=role, scope=scope, scope_key=key).first()
        if known is not None:
            _refuse_beyond(by, known)
            _refuse_last_owner(known)
            known.delete()
            _record(MEMBER_REVOKED, known, by)
    member.forget_grants()


def _one_at_a_time(member: Member, by: Member | None) -> None:
    """Roles change one after the other in an organisation: two changes at once never pass each other's checks.

    What `by` holds is read anew: a change that came before may have taken it.
    """
    Organisation.locked(member.organisation_id)
    if by is not None:
        by.forget_grants()


def _refuse_impossible(wanted: RoleGrant) -> None:
    if wanted.role in FOLLOWING:
        raise InvalidGrant(_("This role follows from the reporting line; nobody gives it."), field="role")
    if wanted.role == Role.AUDITOR and wanted.expires_on is None:
        raise InvalidGrant(_("An auditor’s role is for a limited time: say until which day."), field="until")
    if wanted.expires_on is not None and wanted.has_expired:
        raise InvalidGrant(_("That day is over."), field="until")
    is_whole = wanted.scope == ORGANISATION
    if is_whole != (wanted.scope_key is None) or not (is_whole or wanted.scope in scopes.kinds):
        raise InvalidGrant(_("Say where the role applies."), field="scope")


def _refuse_beyond(by: Member | None, wanted: RoleGrant) -> None:
    if not may_give(by, wanted):
        raise MoreThanYouHold


def may_give(by: Member | None, wanted: RoleGrant) -> bool:
    """Whether `by` gives and takes such roles, there, and holds all of this one: each permission, within a scope that
    contains this one, for as long. Without `by` it is the installation, which may.
    """
    if by is None:
        return True
    if not (may(by, MANAGE_ROLES, wanted.member) and _holds(by, wanted, MANAGE_ROLES)):
        return False
    return all(_holds(by, wanted, permission) for permission in permissions_of(Role(wanted.role)))


def _holds(by: Member, wanted: RoleGrant, permission: Permission) -> bool:
    if not scopes.can_hold(wanted.scope, permission.about):
        return True  # the grant does not carry it
    return any(_contains(held, wanted) for held in carrying(by, permission))


def _contains(held: RoleGrant, wanted: RoleGrant) -> bool:
    if held.expires_on is not None and (wanted.expires_on is None or wanted.expires_on > held.expires_on):
        return False
    if held.scope == ORGANISATION or (held.scope, held.scope_key) == (wanted.scope, wanted.scope_key):
        return True
    if held.scope_key is None or wanted.scope_key is None:
        return False
    return scopes.kinds.get(held.scope).contains(held.scope_key, wanted.scope, wanted.scope_key)


def _refuse_last_owner(known: RoleGrant) -> None:
    """An owner of everything, for good, stays."""
    if not known.owns_for_good:
        return
    owners = RoleGrant.objects.filter(
        role=Role.OWNER, scope=ORGANISATION, expires_on=None, member__organisation=known.member.organisation_id
    )
    if not owners.filter(member__left_on=None).exclude(pk=known.pk).exists():
        raise LastOwner


def _record(fact_type: FactType, changed: RoleGrant, by: Member | None) -> None:
    """A scope is told by a name that holds in any installation, never by its key."""
    result = {"role": str(changed.role), "scope": changed.scope}
    if changed.scope_key is not None:
        named = scopes.kinds.get(changed.scope).named([changed.scope_key]).get(changed.scope_key)
        result["within"] = named.identity if named else ""
    if changed.expires_on is not None:
        result["until"] = changed.expires_on.isoformat()
    record(
        fact_type,
        organisation=changed.member.organisation,
        actor=by.as_reference() if by else SYSTEM,
        object=changed.member.as_reference(),
        result=result,
    )
