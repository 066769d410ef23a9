"""Joining an organisation: the first one that knows somebody is joined by signing in; each further one asks, and waits for a yes.

An organisation can write any address into its HR file. Until the person it belongs to says yes, it has no session of theirs,
and learns nothing of their account or of where else they belong; a no is kept, and stands on the person's page there. Only the
person takes it back. Whoever changes a membership's account holds the account's row, then the member's.
"""

from collections.abc import Callable

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.models import Entry
from milepost.journal.recording import record
from milepost.people.facts import MEMBER_DECLINED, MEMBER_INVITED, MEMBER_JOINED
from milepost.people.models import Member, MemberQuerySet, User

# What tells whoever invited somebody that they said no: the room that speaks to people hangs itself here, and is called in the
# transaction with the record and the inviter.
carriers: Registry[Callable[[Member, Member], None]] = Registry("carrier of a no")


class NotAsked(Refused):
    """No organisation asks this person, or not any more."""

    sentence = gettext_lazy("Nobody asks you this any more: the organisation has changed or ended your record there.")
    status = 410


def asking(user: User) -> MemberQuerySet:
    """The records that organisations keep of the person, who has joined none of these: by the addresses that they proved.

    Those to which they said no are among them.
    """
    proven = EmailAddress.objects.filter(user=user, verified=True).values("email")
    taken = Member.objects.filter(user=user).values("organisation_id")
    known = Member.objects.active().filter(email__in=proven, user=None)
    return known.exclude(organisation__in=taken).select_related("organisation")


def join_first(*, user: User) -> None:
    """Whoever signs in and never belonged anywhere joins the organisation that knows them, if it is one. Records `joined`."""
    with transaction.atomic():
        hold_account(user)
        if Member.objects.filter(user=user).exists():
            return
        waiting = list(asking(user).filter(declined_at=None)[:2])
        if len(waiting) == 1:
            join(user=user, member=waiting[0])


def join(*, user: User, member: Member) -> None:
    """Say yes to the organisation that keeps this record; saying it again is a no-op. Raises `NotAsked`. Records `joined`."""
    with transaction.atomic():
        hold_account(user)
        held = _held(member)
        if held.user_id == user.pk:
            return
        _refuse_unasked(user, held)
        held.user, held.joined_at, held.declined_at = user, clock.now(), None
        held.save(update_fields=["user", "joined_at", "declined_at"])
        reference = held.as_reference()
        record(MEMBER_JOINED, organisation=held.organisation, actor=reference, object=reference)


def decline(*, user: User, member: Member) -> None:
    """Say no to it; saying it again is a no-op. Whoever invited them is told. Raises `NotAsked`. Records `declined`."""
    with transaction.atomic():
        hold_account(user)
        held = _held(member)
        _refuse_unasked(user, held)
        if held.declined_at is None:
            held.declined_at = clock.now()
            held.save(update_fields=["declined_at"])
            reference = held.as_reference()
            record(MEMBER_DECLINED, organisation=held.organisation, actor=reference, object=reference)
            if inviter := _inviter(held):
                for carry in carriers.all():
                    carry(held, inviter)


def hold_account(user: User) -> None:
    """Hold the account until the transaction ends: of two answers at once each finds what the other did."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _held(member: Member) -> Member:
    locked = Member.objects.select_for_update(no_key=True).filter(pk=member.pk).first()
    if locked is None:
        raise NotAsked
    return locked


def _inviter(member: Member) -> Member | None:
    """Who invited the person last, as long as they are there; nobody where the HR file alone named them."""
    entries = Entry.objects.filter(organisation_id=member.organisation_id, fact=MEMBER_INVITED.name)
    last = entries.filter(object_id=str(member.uid)).order_by("-pk").first()
    people = Member.objects.active().filter(organisation=member.organisation_id)
    return people.filter(uid=last.actor_id).first() if last else None


def _refuse_unasked(user: User, member: Member) -> None:
    if not asking(user).filter(pk=member.pk).exists():
        raise NotAsked
