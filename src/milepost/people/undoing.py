"""Undoing an act on many people: once, for those who did not go on from it, in one act. See `bulk_acts` for what there is.

Few people are taken back while somebody waits; many by a job, in parts, each in a transaction of its own that says how far
it came: whoever is killed in between goes on where it stood. The last part records the fact.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.journal.recording import Reference, record
from milepost.people.bulk_acts import BulkKind, bulk_kinds
from milepost.people.facts import BULK_ACT_UNDONE
from milepost.people.models import BulkAct, BulkActPerson, Member, MemberQuerySet
from milepost.people.permissions import may, sees_everybody, visible

KEPT_FOR = timedelta(days=30)
AT_ONCE = 500  # people who are taken back while somebody waits
UNDONE, OUT_OF_REACH = "undone", "out-of-reach"


class UndoneAlready(Refused):
    """Somebody was faster."""

    sentence = gettext_lazy("This was undone already.")


class TooLateToUndo(Refused):
    """The act is older than what is kept."""

    sentence = gettext_lazy("This can’t be undone any more: 30 days are over. Change it person by person.")


def undoable_by(member: Member) -> "QuerySet[BulkAct]":
    """The acts that the member may look at and undo, the newest first: their own, and everybody's where they reach everybody."""
    held = [name for name, kind in bulk_kinds.items() if may(member, kind.permission_of(member, None))]
    whole = [name for name in held if sees_everybody(member, bulk_kinds.get(name).permission_of(member, None))]
    acts = BulkAct.objects.filter(organisation=member.organisation_id, at__gt=clock.now() - KEPT_FOR)
    return acts.filter(Q(kind__in=whole) | Q(kind__in=held, by=member)).order_by("-at", "-pk")


def may_undo_any(member: Member) -> bool:
    """Whether there is any kind of act that the member could undo."""
    return any(may(member, kind.permission_of(member, None)) for kind in bulk_kinds.all())


def reach_of(member: Member, act: BulkAct) -> MemberQuerySet:
    """The people for whom the member may undo this act."""
    kind = bulk_kinds.get(act.kind)
    subject = kind.subject(act)
    return visible(member, kind.permission_of(member, subject), subject)


def undo(*, act: BulkAct, by: Member) -> BulkAct:
    """Take the act back for everybody who did not go on from it; return it as it is then: undone, or being undone by a job.

    Raises `UndoneAlready`, `TooLateToUndo`. Records what each kind records for each person, and `undid` at the end.
    """
    with transaction.atomic():
        locked = locked_act(act.pk)
        if locked is None or locked.at <= clock.now() - KEPT_FOR:
            raise TooLateToUndo
        if locked.undo_begun_at:
            raise UndoneAlready
        locked.undo_begun_at, locked.undone_by = clock.now(), by
        locked.is_being_done, locked.waiting = False, []  # whoever's turn is still to come is spared it
        locked.save(update_fields=["undo_begun_at", "undone_by", "is_being_done", "waiting"])
        if locked.count > AT_ONCE:
            named("people.undo_bulk_act").enqueue(locked.organisation_id, locked.pk)
        else:
            _take_back(locked, _left(locked))
            _finish(locked)
    return locked


def carry_on(act: BulkAct) -> None:
    """Take back what is left of an act that is being undone, part by part; nothing where it is done, or nobody asked for it."""
    while _next_part(act.pk):
        pass


def forget_old() -> int:
    """Forget acts that can't be undone any more; the journal keeps what happened. Return how many."""
    return BulkAct.objects.filter(pk__in=list(too_old().values_list("pk", flat=True)[:100])).delete()[0]


def too_old() -> "QuerySet[BulkAct]":
    """Acts that are not offered any more, in all organisations; not those that are being undone."""
    old = BulkAct.objects.filter(at__lte=clock.now() - KEPT_FOR)
    return old.filter(Q(undo_begun_at=None) | Q(undone_at__isnull=False)).order_by("at")


def locked_act(key: int) -> BulkAct | None:
    """The act as it is now, its row held until the transaction ends: whoever does or undoes it comes one after another."""
    rows = BulkAct.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.select_related("organisation", "by__organisation", "undone_by__organisation")
    return rows.filter(pk=key).first()


def _next_part(key: int) -> bool:
    with transaction.atomic():
        act = locked_act(key)
        if act is None or act.undo_begun_at is None or act.undone_at:
            return False
        people = _left(act)
        if people:
            _take_back(act, people)
            return True
        _finish(act)
        return False


def _left(act: BulkAct) -> list[BulkActPerson]:
    """Those whose turn it is, the last first: who came to a waiting list by the act gives no seat to another of it."""
    at_once = bulk_kinds.get(act.kind).at_once
    return list(act.people.filter(outcome="").select_related("member").order_by("-pk")[:at_once])


def _take_back(act: BulkAct, people: Sequence[BulkActPerson]) -> None:
    kind, by = bulk_kinds.get(act.kind), act.undone_by
    kind.hold(act, people)
    outcomes = _kept(kind, act, people, by)
    taken = [person for person in people if person.pk not in outcomes]
    if by is not None and taken:
        kind.take_back(act, taken, by)
    by_outcome: dict[str, list[int]] = defaultdict(list)
    for person in people:
        by_outcome[outcomes.get(person.pk, UNDONE)].append(person.pk)
    for outcome, keys in by_outcome.items():
        BulkActPerson.objects.filter(pk__in=keys).update(outcome=outcome)


def _kept(kind: BulkKind, act: BulkAct, people: Sequence[BulkActPerson], by: Member | None) -> dict[int, str]:
    """Why whom keeps it: those whom whoever undoes it does not reach are not even looked at."""
    if by is None:  # erased meanwhile: nobody answers for the rest
        return dict.fromkeys((person.pk for person in people), OUT_OF_REACH)
    reached = set(reach_of(by, act).filter(pk__in=[person.member_id for person in people]).values_list("pk", flat=True))
    kept = {person.pk: OUT_OF_REACH for person in people if person.member_id not in reached}
    return kept | dict(kind.kept(act, [person for person in people if person.pk not in kept]))


def _finish(act: BulkAct) -> None:
    act.undone_at = clock.now()
    act.taken_back = act.people.filter(outcome=UNDONE).count()
    act.save(update_fields=["undone_at", "taken_back"])
    if act.undone_by is not None:
        record(
            BULK_ACT_UNDONE,
            organisation=act.organisation,
            actor=act.undone_by.as_reference(),
            object=Reference("bulk-act", str(act.uid), act.about_name),
            result={"taken_back": act.taken_back, "kept": act.kept},
            context={"kind": act.kind},
        )
