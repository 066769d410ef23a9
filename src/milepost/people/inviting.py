"""Invitations: a message with a personal link; following it proves the address and signs the person in."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from milepost.core import once
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.recording import Fact, record_many
from milepost.people.bulk_acts import Done, began_at, in_act, remember
from milepost.people.doing import do_to_many
from milepost.people.facts import MEMBER_INVITED
from milepost.people.joining import hold_account, join
from milepost.people.models import BulkAct, Member, MemberQuerySet, Organisation, User
from milepost.people.signing_in import account_for, account_in_use

VALID_FOR = 14 * 24 * 3600  # seconds
_SALT = "milepost.people.invitation"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What brings people their invitations: the room that speaks to people stands above this one and hangs itself here. It
# is called in the transaction, with the members and whoever invites them.
carriers: Registry[Callable[[Sequence[Member], Member], None]] = Registry("carrier of invitations")


class InvitationRefused(Refused):
    """The link is not one of ours, is too old, was used, was answered with a no, or its person has left."""

    sentence = gettext_lazy(
        "This invitation is over. It was used already, taken back, or is older than 14 days. If you have joined, ask for a sign-in code; otherwise ask for a new invitation."
    )
    status = 410


def invite(*, members: Sequence[Member], by: Member, act: UUID | None = None) -> int:
    """Invite each member who has an address and has neither joined nor said no; return how many. Records `invited`.

    Inviting again sends a new link. The members must be of one organisation. With `act` it can be undone (`undoing`).
    """
    waiting = [member for member in members if member.may_be_invited]
    if not waiting:
        return 0
    with transaction.atomic():
        hold_people(by.organisation_id, [member.pk for member in waiting])
        there = Member.objects.filter(pk__in=[member.pk for member in waiting], user=None, declined_at=None)
        before = dict(there.values_list("pk", "invited_at"))
        waiting = [member for member in waiting if member.pk in before]
        now = began_at(act)
        Member.objects.filter(pk__in=[member.pk for member in waiting]).update(invited_at=now)
        for member in waiting:
            member.invited_at = now
        actor, context = by.as_reference(), in_act(act)
        facts = (Fact(MEMBER_INVITED, actor, member.as_reference(), {}, context) for member in waiting)
        record_many(facts, organisation=by.organisation)
        if act:
            done = Done("invitation", act, by.organisation.as_reference(), at=now)
            remember(done, to=[(key, moment_of(at)) for key, at in before.items()], by=by)
        for carry in carriers.all():
            carry(waiting, by)
    return len(waiting)


def invite_in_bulk(*, members: MemberQuerySet, by: Member, key: str = "") -> BulkAct | None:
    """Have those of `members` invited who may be (see `doing`). The same from a form of the same `key` is done once (see `core.once`)."""
    keys = list(members.filter(user=None, declined_at=None).exclude(email=None).values_list("pk", flat=True))
    act = once.uid_of(key, by.organisation.uid, "invitations", *sorted(keys))
    return do_to_many(Done("invitation", act, by.organisation.as_reference()), to=keys, by=by)


def hold_people(organisation_id: int, keys: Collection[int]) -> None:
    """Hold these people until the transaction ends, as whoever changes their invitations does: the organisation first."""
    list(Organisation.objects.select_for_update(no_key=True).filter(pk=organisation_id).values_list("pk", flat=True))
    rows = Member.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    list(rows.values_list("pk", flat=True))


def moment_of(at: datetime | None) -> int:
    """When somebody was invited, as a number: microseconds since 1970, and 0 for never."""
    return (at - _EPOCH) // timedelta(microseconds=1) if at else 0


def at_moment(moment: int) -> datetime | None:
    """`moment_of` the other way round."""
    return _EPOCH + timedelta(microseconds=moment) if moment else None


def link_for(member: Member) -> str:
    """The personal link of an invitation, valid for 14 days, until the person has joined or it is taken back."""
    invitation = {"member": str(member.uid), "email": member.email, "at": moment_of(member.invited_at)}
    token = signing.dumps(invitation, salt=_SALT)
    return settings.BASE_URL + reverse("invitation", args=[token])


def invited(token: str) -> Member:
    """Whom the link invites. Raises `InvitationRefused`."""
    try:
        invitation = signing.loads(token, salt=_SALT, max_age=VALID_FOR)
    except signing.BadSignature as error:
        raise InvitationRefused from error
    members = Member.objects.active().select_related("organisation")
    member = members.filter(uid=invitation["member"], email=invitation["email"], user=None, declined_at=None).first()
    if member is None or invitation.get("at", 0) > moment_of(member.invited_at):
        raise InvitationRefused
    return member


def accept(*, member: Member) -> User:
    """Make the invited person's account and join: following the link proved the address. Records `joined`.

    An account that is in use is opened by its person alone, and never by what one organisation sent. Raises
    `InvitationRefused`.
    """
    address = member.email or ""
    with transaction.atomic():  # the account, too: who is refused leaves none behind
        user = account_for(address)
        if user is None:
            raise InvitationRefused
        hold_account(user)
        as_invited = Member.objects.select_for_update(no_key=True).filter(pk=member.pk, invited_at=member.invited_at)
        if not list(as_invited.values_list("pk", flat=True)):  # taken back at this moment
            raise InvitationRefused
        if account_in_use(address):
            raise InvitationRefused
        EmailAddress.objects.update_or_create(user=user, email=address, defaults={"verified": True})
        join(user=user, member=member)
    return user
