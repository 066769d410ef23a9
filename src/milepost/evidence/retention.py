"""How long evidence is kept: by its profile, from the end of the action. What its time is over for can be let go.

Letting an action go takes away its files, signatures and people, and the words of its facts; the action itself, as a
line with its title and dates, and every proof of what other facts say, stay. Certificates stay too: they are the
people's, and go with the person (see `rights`).
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from milepost.classroom.models import LiveSession, Slot
from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.evidence.belongings import Belongings
from milepost.evidence.forgetting import files_of, forget_files, named_in
from milepost.evidence.models import TrainingAction
from milepost.evidence.profiles import profiles
from milepost.journal.erasing import erase
from milepost.journal.models import Entry
from milepost.journal.recording import SYSTEM
from milepost.journal.verbs import Verb
from milepost.people.models import Member, Organisation

logger = logging.getLogger(__name__)


class StillKept(Refused):
    """The action's time is not over; the message says until when it is kept."""


@dataclass(frozen=True)
class Going:
    """What goes with an action: counts, for people to read before they say yes."""

    action: TrainingAction
    kept_until: date
    people: int
    documents: int
    signatures: int
    sheets: int
    files: int
    facts: int


def kept_until(action: TrainingAction) -> date:
    """The last day on which the profile wants the evidence."""
    years = profiles()[action.profile].kept_years
    try:
        return action.ends_on.replace(year=action.ends_on.year + years)
    except ValueError:  # 29 February
        return action.ends_on.replace(year=action.ends_on.year + years, day=28)


def is_due(action: TrainingAction) -> bool:
    """Whether its time is over and it was not let go yet."""
    return action.let_go_at is None and kept_until(action) < clock.today(action.organisation.time_zone)


def timetable(organisation: Organisation) -> list[tuple[date, TrainingAction]]:
    """Every action that still holds evidence, with the day until which it is kept, the earliest first."""
    rows = TrainingAction.objects.filter(organisation=organisation, let_go_at=None).select_related("organisation")
    return sorted(((kept_until(action), action) for action in rows), key=lambda pair: (pair[0], pair[1].pk))


def preview(action: TrainingAction) -> Going:
    """What would go, counted and not touched."""
    things = Belongings(action)
    return Going(
        action, kept_until(action), things.people.count(), things.documents.count(),
        things.attendances.filter(signed_at__isnull=False).count(), things.sheets.count(), len(set(_files(things)) - {""}),
        len(_facts(things)),
    )  # fmt: skip


def ask_to_let_go(*, action: TrainingAction, by: Member) -> None:
    """Have the evidence of the action taken away in the background. Raises `StillKept`."""
    _refuse_kept(action)
    TrainingAction.objects.filter(pk=action.pk, let_go_at=None).update(letting_go_at=clock.now(), letting_go_by=by)


def let_go_pending() -> int:
    """Let go what somebody said can go, in all organisations; return how many. One that fails is tried again."""
    waiting = TrainingAction.objects.filter(letting_go_at__isnull=False, let_go_at=None).select_related(
        "organisation", "letting_go_by"
    )
    count = 0
    for action in waiting.order_by("letting_go_at")[:5]:
        try:
            let_go(action=action, by=action.letting_go_by)
        except Exception:
            logger.exception("The evidence of %s can't be taken away.", action.uid)
        else:
            count += 1
    return count


def _refuse_kept(action: TrainingAction) -> None:
    if not is_due(action):
        day = kept_until(action)
        raise StillKept(
            _("%(reference)s is kept until %(day)s.")
            % {"reference": action.reference, "day": date_format(day, "DATE_FORMAT")}
        )


def let_go(*, action: TrainingAction, by: Member | None) -> int:
    """Take the evidence of the action away, for good; return how many facts were erased. Raises `StillKept`.

    One transaction: a process that is killed has taken nothing. Records `erased`.
    """
    _refuse_kept(action)
    with transaction.atomic():
        locked = (
            TrainingAction.objects.select_for_update(of=("self",))
            .select_related("organisation", "course")
            .get(pk=action.pk)
        )
        if locked.let_go_at:
            return 0
        things = Belongings(locked)
        facts = _facts(things)
        digests = {*_files(things), *named_in(facts)}
        reason = _("Kept until %(day)s by the profile “%(profile)s”") % {
            "day": kept_until(locked).isoformat(), "profile": locked.profile,
        }  # fmt: skip
        count = erase(
            facts,
            organisation_id=locked.organisation_id,
            by=by.as_reference() if by else SYSTEM,
            about=locked.as_reference(),
            reason=reason,
        )
        _delete(things)
        TrainingAction.objects.filter(pk=locked.pk).update(let_go_at=clock.now(), readiness=0, created_by=None)
        forget_files(locked.organisation, digests)
    return count


def _alone(things: Belongings) -> "list[LiveSession]":
    """The sessions that no other action still needs."""
    kept = TrainingAction.objects.filter(let_go_at=None).exclude(pk=things.action.pk)
    needed = set(LiveSession.objects.filter(actions__in=kept).values_list("pk", flat=True))
    return [session for session in things.sessions if session.pk not in needed]


def _files(things: Belongings) -> Iterator[str]:
    """The digests of the files that go; some rows have none."""
    sessions = _alone(things)
    yield from files_of(things.documents)
    yield from things.sheets.filter(session__in=sessions).values_list("pdf", flat=True)
    yield from things.logs.filter(session__in=sessions).values_list("digest", flat=True)
    yield from things.attendances.filter(slot__session__in=sessions).values_list("absence_file", flat=True)
    for session in sessions:
        yield from session.documents.values_list("digest", flat=True)
    yield from things.pieces.values_list("digest", flat=True)
    yield from things.action.dossiers.values_list("digest", flat=True)


def _facts(things: Belongings) -> set[int]:
    """The facts that go: not what people learnt, which is theirs, but what tells of sessions, documents and files."""
    entries = Entry.objects.filter(organisation_id=things.action.organisation_id).exclude(statement="")
    names = [str(things.action.uid)]
    for session in _alone(things):
        names += [str(session.uid), *(f"{session.uid}/{sheet.number}" for sheet in session.sheets.all())]
        names += [str(slot.uid) for slot in session.slots.all()]
    names += [str(uid) for uid in things.documents.values_list("uid", flat=True)]
    told = entries.filter(object_id__in=names).exclude(verb=Verb.ERASED)
    return set(told.values_list("id", flat=True))


def _delete(things: Belongings) -> None:
    documents = list(things.documents.values_list("pk", flat=True))
    Signatory.objects.filter(request__document__in=documents).update(delegated_by=None)
    SignatureRequest.objects.filter(document__in=documents).delete()
    Document.objects.filter(pk__in=documents).delete()
    things.pieces.delete()
    things.action.dossiers.all().delete()
    sessions = _alone(things)
    things.action.members.clear()
    things.action.sessions.clear()
    for session in sessions:
        Slot.objects.filter(session=session).update(closed_by=None, closed_at=None, closing=None)
        session.delete()
