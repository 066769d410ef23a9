"""What did not arrive, for whoever can do something about it: correct the address, and try again."""

from dataclasses import dataclass

from django.db.models import Q

from milepost.core import clock
from milepost.notices.channels import channels
from milepost.notices.kinds import kinds
from milepost.notices.models import Notice, NoticeQuerySet
from milepost.people.models import Member, Organisation
from milepost.people.permissions import MANAGE_PEOPLE, may

State = Notice.State
SHOWN = 20


def undelivered_in(organisation: Organisation) -> NoticeQuerySet:
    """What did not arrive in this organisation, newest first."""
    rows: NoticeQuerySet = Notice.objects.undelivered().filter(organisation=organisation)
    return rows.select_related("organisation", "member__organisation").order_by("-settled_at", "-pk")


@dataclass(frozen=True)
class HeldUp:
    """Messages that wait for a server, and why it takes none."""

    count: int
    reason: str


def held_up_in(organisation: Organisation) -> HeldUp | None:
    """What waits in this organisation because a channel is in trouble; None while none is, or nothing waits."""
    reason = next((channel.trouble for channel in channels.all() if channel.trouble), "")
    waiting = Notice.objects.filter(organisation=organisation, state=State.WAITING, in_digest=False)
    count = waiting.filter(created_at__lte=clock.now()).count() if reason else 0
    return HeldUp(count, reason) if count else None


def undelivered_to(member: Member) -> NoticeQuerySet:
    """What did not arrive at this member, or at their address."""
    theirs = Q(member=member) | Q(recipient=member.email) if member.email else Q(member=member)
    return undelivered_in(member.organisation).filter(theirs)


def undelivered_about(organisation: Organisation, *ids: object) -> NoticeQuerySet:
    """What did not arrive of what was said about these things, by their uids; the newest."""
    return undelivered_in(organisation).filter(about_id__in=[str(uid) for uid in ids])[:SHOWN]


def may_look_after(member: Member, notice: Notice) -> bool:
    """Whether the member may try again or take it off: who manages the person, or may do what it was sent by."""
    kind = kinds.get(notice.kind) if notice.kind in kinds else None
    if kind is not None and kind.permission is not None and may(member, kind.permission, notice):
        return True
    return may(member, MANAGE_PEOPLE, notice)


def try_again(notice: Notice) -> bool:
    """Send it once more from the start, to the address that the person has now; whether there was something to do."""
    return bool(
        Notice.objects.undelivered()
        .filter(pk=notice.pk)
        .update(state=State.WAITING, settled_at=None, attempts=0, due_at=clock.now(), problem="", handed_over_at=None)
    )


def leave_it(notice: Notice) -> bool:
    """Take it off the list: somebody told the person in another way; whether it was there."""
    return bool(Notice.objects.undelivered().filter(pk=notice.pk).update(state=State.DROPPED, settled_at=clock.now()))
