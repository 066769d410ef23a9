"""Invitations: a message with a personal link; following it proves the address and signs the person in."""

from collections.abc import Callable, Sequence

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.recording import Fact, record_many
from milepost.people.facts import MEMBER_INVITED
from milepost.people.models import Member, User
from milepost.people.signing_in import account_for, link_memberships

VALID_FOR = 14 * 24 * 3600  # seconds
_SALT = "milepost.people.invitation"

# What brings people their invitations: the room that speaks to people stands above this one and hangs itself here. It
# is called in the transaction, with the members and whoever invites them.
carriers: Registry[Callable[[Sequence[Member], Member], None]] = Registry("carrier of invitations")


class InvitationRefused(Refused):
    """The link is not one of ours, is too old, was used, or its person has left."""

    sentence = gettext_lazy(
        "This invitation is over. It was used already, or it is older than 14 days. If you have joined, ask for a sign-in code; otherwise ask for a new invitation."
    )
    status = 410


def invite(*, members: Sequence[Member], by: Member) -> int:
    """Invite each member who has an address and has not joined yet; return how many. Records `invited`.

    Inviting again sends a new link. The members must be of one organisation.
    """
    waiting = [member for member in members if member.email and member.user_id is None and not member.has_left]
    if not waiting:
        return 0
    now = clock.now()
    with transaction.atomic():
        Member.objects.filter(pk__in=[member.pk for member in waiting]).update(invited_at=now)
        for member in waiting:
            member.invited_at = now
        facts = (Fact(MEMBER_INVITED, by.as_reference(), member.as_reference()) for member in waiting)
        record_many(facts, organisation=by.organisation)
        for carry in carriers.all():
            carry(waiting, by)
    return len(waiting)


def link_for(member: Member) -> str:
    """The personal link of an invitation, valid for 14 days and until the person has joined."""
    token = signing.dumps({"member": str(member.uid), "email": member.email}, salt=_SALT)
    return settings.BASE_URL + reverse("invitation", args=[token])


def invited(token: str) -> Member:
    """Whom the link invites. Raises `InvitationRefused`."""
    try:
        invitation = signing.loads(token, salt=_SALT, max_age=VALID_FOR)
    except signing.BadSignature as error:
        raise InvitationRefused from error
    members = Member.objects.active().select_related("organisation")
    member = members.filter(uid=invitation["member"], email=invitation["email"], user=None).first()
    if member is None:
        raise InvitationRefused
    return member


def accept(*, member: Member) -> User:
    """Make the invited person's account: following the link proved the address. Records `joined`."""
    with transaction.atomic():
        user = account_for(member.email or "")
        if user is None:
            raise InvitationRefused
        EmailAddress.objects.update_or_create(user=user, email=member.email, defaults={"verified": True})
        link_memberships(user)
    return user
