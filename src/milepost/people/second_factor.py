"""The second factor: who needs one, from when on nothing of a role works without it, and help for whoever lost theirs (decision 0036).

An organisation says which roles ask for one. Whoever holds such a role and has none is led to the page that sets it up at their
next sign-in; from then on a number of days runs that is written on their record once and moves for nobody, neither by a
role given anew nor by a setting. After it their role carries nothing (`Member.grants`) until there is a factor.

Help: whoever may give all that a person holds may ask that their factor be taken away. It goes a day later, the person is
told at once, and using the factor meanwhile takes it back: nobody's account is taken over unseen, support's included.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.irrevocable import irrevocable
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.recording import SYSTEM, record
from milepost.journal.vocabulary import FactType
from milepost.people.facts import SECOND_FACTOR_KEPT, SECOND_FACTOR_RESET, SECOND_FACTOR_RESET_ASKED
from milepost.people.joining import hold_account
from milepost.people.models import FactorReset, Member, Organisation, RoleGrant, User
from milepost.people.organisation_settings import SECOND_FACTOR_GRACE
from milepost.people.permissions import MANAGE_ROLES, may
from milepost.people.recognising import Holders
from milepost.people.roles import Role
from milepost.people.settings import value_of

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes only come with one of these
KNOWN = "has_second_factor"  # in a session: its account has one
COOLING_OFF = timedelta(hours=24)

# What tells a person what becomes of their factor: the room that speaks to them hangs itself here, and is called in the
# transaction, with what there is to say ("asked" or "done"), the reset and whoever asked for it.
carriers: Registry[Callable[[str, FactorReset], None]] = Registry("carrier of words about second factors")


class SecondFactorWanting(Refused):
    """A role asks for a second factor, and its holder has none."""

    sentence = gettext_lazy(
        "This belongs to your role, which asks for a second factor. Set one up under “Passkeys and password”."
    )
    status = 403


class NoResetHere(Refused):
    """The factor of this person is not this asker's to take away."""

    sentence = gettext_lazy(
        "You can’t reset this: it takes somebody else than the person, who may give every role that they hold. Ask another "
        "owner, or whoever runs this installation."
    )
    status = 403


class NothingToReset(Refused):
    """The person has no second factor."""

    sentence = gettext_lazy("They have no second factor: a code by e-mail lets them in.")
    status = 409


def has_one(user_id: int | None) -> bool:
    """Whether the account has a second factor."""
    return user_id is not None and Authenticator.objects.filter(user=user_id, type__in=FACTORS).exists()


def asking_roles(member: Member) -> list[Role]:
    """The person's roles that ask for a second factor, as they were given."""
    asked = member.organisation.second_factor_roles
    return (
        [Role(role) for role in dict.fromkeys(grant.role for grant in member.given) if role in asked] if asked else []
    )


def that_count(member: Member, session: Mapping[str, Any]) -> list[RoleGrant]:
    """Which of the person's grants carry something in this session. One query more for whose days are over and who has none."""
    if member.second_factor_due is None or clock.now() < member.second_factor_due or not asking_roles(member):
        return member.given
    if session.get(KNOWN) or has_one(member.user_id):
        return member.given
    return [grant for grant in member.given if grant.role not in member.organisation.second_factor_roles]


def is_wanting(member: Member) -> bool:
    """Whether a role of the person asks for a second factor and they have none."""
    return bool(asking_roles(member)) and not has_one(member.user_id)


def begin_grace(member: Member) -> None:
    """From now on the days run in which a second factor can be set up, unless they run already."""
    if member.second_factor_due is None and is_wanting(member):
        due = clock.now() + timedelta(days=value_of(member.organisation, SECOND_FACTOR_GRACE))
        if Member.objects.filter(pk=member.pk, second_factor_due=None).update(second_factor_due=due):
            member.second_factor_due = due


def end_grace(user_id: int) -> None:
    """Whose factor is gone has no days left: nothing of a role that asks for one works until there is another."""
    now = clock.now()
    Member.objects.filter(user=user_id).exclude(second_factor_due__lt=now).update(second_factor_due=now)


# --- Help for whoever lost theirs ------------------------------------------------------------------------


def may_reset(by: Member | None, member: Member) -> bool:
    """Whether `by` may ask that the person's factor be taken away: not their own, and all that they hold is `by`'s to give.

    A role in another organisation is nobody's to give here. Without `by` it is the installation, which may.
    """
    if by is None:
        return True
    if member.user_id is None or member.user_id == by.user_id or not may(by, MANAGE_ROLES, member):
        return False
    elsewhere = RoleGrant.objects.filter(member__user=member.user_id).exclude(
        member__organisation=member.organisation_id
    )
    return not elsewhere.exists() and Holders(member.organisation, by).beyond(member) is None


@irrevocable
def ask_reset(*, member: Member, by: Member | None = None) -> FactorReset:
    """Have the person's second factor taken away a day from now; asking again changes nothing. The person is told.

    Raises `NoResetHere`, `NothingToReset`. Records `asked-for-factor-reset`.
    """
    with transaction.atomic():
        Organisation.locked(member.organisation_id)
        if not may_reset(by, member):
            raise NoResetHere
        if member.user is None or not has_one(member.user_id):
            raise NothingToReset
        hold_account(member.user)
        due = clock.now() + COOLING_OFF
        reset, is_new = FactorReset.objects.get_or_create(
            user=member.user, defaults={"member": member, "by": by, "due_at": due}
        )
        if is_new:
            _record(SECOND_FACTOR_RESET_ASKED, reset, by)
            for carry in carriers.all():
                carry("asked", reset)
    return reset


def keep(*, user: User, by: Member | None = None) -> None:
    """Take such a reset back, as the factor was used (or `by` says so); without one it is a no-op. Records `kept-factor`."""
    with transaction.atomic():
        hold_account(user)
        reset = FactorReset.objects.select_related("member__organisation").filter(user=user).first()
        if reset is not None:
            reset.delete()
            _record(SECOND_FACTOR_KEPT, reset, by or reset.member)


def finish_reset(reset: FactorReset) -> None:
    """Take the factor away, as it is due. Whoever asked must still be allowed to; else it is kept. Records `reset-factor`.

    Every session of the account ends with its factor; from the next on nothing of a role works until there is a new one.
    """
    with transaction.atomic():
        Organisation.locked(reset.member.organisation_id)
        hold_account(reset.user)
        held = FactorReset.objects.select_related("member__organisation", "by").filter(pk=reset.pk).first()
        if held is None:
            return
        held.delete()
        if not may_reset(held.by, held.member):
            _record(SECOND_FACTOR_KEPT, held, None)
            return
        Authenticator.objects.filter(user=held.user_id).delete()
        _record(SECOND_FACTOR_RESET, held, held.by)
        for carry in carriers.all():
            carry("done", held)


def _record(fact: FactType, reset: FactorReset, by: Member | None) -> None:
    member = reset.member
    actor = by.as_reference() if by else SYSTEM
    record(fact, organisation=member.organisation, actor=actor, object=member.as_reference())
