"""Doing something to many people at once: to few while somebody waits, to many in the background. See `bulk_acts` for what there is.

To whom it is to be done is kept with the act when it is asked for. A part of them at a time has its turn, in a transaction that says
how far it came: whoever is killed in between goes on where it stood, and it is done to nobody twice and to nobody not at all. What
refuses ends it with the reason; those to whom it was done until then keep it, and it can be undone.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy

from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.people.bulk_acts import Done, bulk_kinds, kept_as
from milepost.people.models import BulkAct, Member
from milepost.people.undoing import locked_act, reach_of

AT_ONCE = 500  # people to whom it is done while somebody waits: about a third of a second
BATCH = 500  # of one transaction: whoever else writes waits so long


class NobodyAnswers(Refused):
    """Whoever asked for it was erased meanwhile."""

    sentence = gettext_lazy("Whoever asked for this is not here any more, so it was not done to the rest.")


def do_to_many(done: Done, *, to: Sequence[int], by: Member) -> BulkAct | None:
    """Do it to the members of these keys, in their order; return the act as it is then: done, or being done by a job.

    None where it was done to nobody. The same uid again does nothing. Where they are few it raises what the kind refuses.
    """
    with transaction.atomic():
        act, is_new = kept_as(done, by=by, to=to)
        if not is_new:
            return act
        if len(to) > AT_ONCE:
            named("people.do_bulk_act").enqueue(act.organisation_id, act.pk)
            return act
        if to:
            _do_part(act)
            act.refresh_from_db()
        if act.count:
            return act
        act.delete()
    return None


def carry_on(act: BulkAct) -> None:
    """Do it to those whose turn is still to come, part by part; nothing where it is done, or was stopped."""
    try:
        while _next_part(act.pk):
            pass
    except Refused as refused:
        with translation.override((act.by and act.by.language) or act.organisation.language):
            problem = str(refused)
        BulkAct.objects.filter(pk=act.pk).update(is_being_done=False, waiting=[], problem=problem[:300])


def _next_part(key: int) -> bool:
    with transaction.atomic():
        act = locked_act(key)
        if act is None or not act.is_being_done:
            return False
        _do_part(act)
        return act.is_being_done


def _do_part(act: BulkAct) -> None:
    """The next of them have their turn. Whom whoever asked for it does not reach any more is left out."""
    part, kind, by = act.waiting[:BATCH], bulk_kinds.get(act.kind), act.by
    if by is None:
        raise NobodyAnswers
    reached = {member.pk: member for member in reach_of(by, act).filter(pk__in=part)}
    if members := [reached[key] for key in part if key in reached]:
        kind.do(act, members, by)
    act.waiting = act.waiting[BATCH:]
    act.is_being_done = bool(act.waiting)
    act.save(update_fields=["waiting", "is_being_done"])
