"""The verbs of training actions: make one, say what belongs to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from milepost.classroom.models import LiveSession
from milepost.core import blobs, clock, once
from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.courses.models import Course
from milepost.documents.composing import compose, values_of
from milepost.documents.contribution import certified_by_document
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document
from milepost.evidence.contributions import participants, scope_of
from milepost.evidence.describing import TEXTS
from milepost.evidence.facts import ACTION_CREATED, PIECE_CREATED
from milepost.evidence.models import Piece, TrainingAction
from milepost.evidence.profiles import profile_of, profiles
from milepost.evidence.registering import AT_ONCE, register_people
from milepost.evidence.words import values_of_action
from milepost.journal.recording import Reference, record
from milepost.people.contributions import contributions
from milepost.people.models import Member, MemberQuerySet, Organisation


class InvalidAction(Refused):
    """The action can't be as it was asked for; the message says what to mend."""

    status = 422


@dataclass(frozen=True)
class ActionPlan:
    """What an action is to be. Its people are `members`, those of the `sessions`, and, if it `takes_course`, those of the course.

    Without a `reference` it gets the next one of the year; without a `language` that of its organisation.
    """

    title: str
    profile: str
    starts_on: date
    ends_on: date
    minutes: int
    reference: str = ""
    course: Course | None = None
    takes_course: bool = False
    sessions: Iterable[LiveSession] = ()
    members: Iterable[Member] = ()
    client: str = ""
    client_address: str = ""
    client_registration: str = ""
    client_representative: str = ""
    client_capacity: str = ""
    funder: str = ""
    funding_reference: str = ""
    objectives: str = ""
    price: str = ""
    help_by: str = ""
    help_means: str = ""
    help_within: str = ""
    language: str = ""


def open_action(*, organisation: Organisation, plan: ActionPlan, by: Member, key: str = "") -> TrainingAction:
    """Make an action with what belongs to it. The same from a form of the same `key` is made once (see `core.once`).

    Raises `InvalidAction`. Records `created`, and `registered` for each of its people.
    """
    if plan.profile not in profiles():
        raise InvalidAction(_("There is no profile “%(name)s”.") % {"name": plan.profile})
    if plan.ends_on < plan.starts_on:
        raise InvalidAction(_("The last day lies before the first."))
    sessions, members = list(plan.sessions), list(plan.members)
    rest = replace(plan, sessions=(), members=())
    said = (rest, [session.pk for session in sessions], [member.pk for member in members])
    uid = once.uid_of(key, organisation.uid, "action", *said)
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        if made := TrainingAction.objects.filter(uid=uid).first():
            return made
        reference = plan.reference.strip() or _next_reference(organisation, plan.starts_on.year)
        if TrainingAction.objects.filter(organisation=organisation, reference=reference).exists():
            words = _("There is an action with the reference %(reference)s already.")
            raise InvalidAction(words % {"reference": reference})
        action = TrainingAction.objects.create(
            uid=uid,
            organisation=organisation,
            reference=reference,
            title=plan.title.strip(),
            profile=plan.profile,
            course=plan.course,
            starts_on=plan.starts_on,
            ends_on=plan.ends_on,
            minutes=plan.minutes,
            **{name: getattr(plan, name).strip() for name in TEXTS},
            language=plan.language or organisation.language,
            created_by=by,
        )
        action.sessions.set(sessions)
        people = {member.pk for member in members} | set(_seated(action, plan).values_list("pk", flat=True))
        action.members.set(people)
        _record(action, sessions, by)
        if len(people) <= AT_ONCE:
            register_people(action)
        else:
            named("evidence.register_people").enqueue(action.organisation_id, action.pk)
    return action


def _record(action: TrainingAction, sessions: Iterable[LiveSession], by: Member) -> None:
    """What the action is: what a dossier says of it is held against this."""
    texts = {name: getattr(action, name) for name in TEXTS}
    result: dict[str, Any] = {name: text for name, text in texts.items() if text}
    result |= {"reference": action.reference, "title": action.title, "minutes": action.minutes}
    result |= {"starts_on": action.starts_on.isoformat(), "ends_on": action.ends_on.isoformat()}
    result["sessions"] = [str(session.uid) for session in sessions]
    if action.course:
        result["course"] = action.course.as_reference().as_json()
    record(
        ACTION_CREATED,
        organisation=action.organisation,
        actor=by.as_reference(),
        object=action.as_reference(),
        result=result,
        context={"profile": action.profile},
    )


def _seated(action: TrainingAction, plan: ActionPlan) -> MemberQuerySet:
    """Who has a seat in it by its sessions, and by its course where that counts."""
    scope = scope_of(action)
    return participants(scope if plan.takes_course else replace(scope, course_id=None, course_uid=None))


def _next_reference(organisation: Organisation, year: int) -> str:
    """The first after as many as there are that nobody gave by hand."""
    rows = TrainingAction.objects.filter(organisation=organisation, reference__startswith=f"A-{year}-")
    taken = set(rows.values_list("reference", flat=True))
    return next(name for number in count(len(taken) + 1) if (name := f"A-{year}-{number:03}") not in taken)


def write_document(*, action: TrainingAction, kind: str, by: Member, member: Member | None = None) -> Document:
    """Write a document of the action, or of one person in it, from what is known of it. Records `created`.

    One that says the same, and of which nobody was asked to sign it yet, is not written again. Raises `InvalidAction` where the
    person has a certificate of that purpose.
    """
    values = values_of_action(action) | ({"person": member.full_name} if member else {})
    about = f"{action.about}:{member.uid}" if member else action.about
    with transaction.atomic():
        Organisation.locked(action.organisation_id)
        rows = Document.objects.filter(organisation=action.organisation, about=about, kind=kind, request=None)
        if member and KINDS[kind].is_one_each:
            _refuse_second(action, kind, member)
            rows = rows.filter(is_the_one=True)
        written = rows.order_by("pk").last()
        if written and _says(written, values_of(action.organisation, action.language) | values):
            return written
        return compose(
            organisation=action.organisation,
            kind=KINDS[kind],
            values=values,
            language=action.language,
            by=by,
            about=about,
        )


def _refuse_second(action: TrainingAction, kind: str, member: Member) -> None:
    """Two papers that certify the same are none: whoever compares them asks which is right."""
    scope = scope_of(action, member)
    held = kind == "completion" and any(member.pk in set(room.certified(scope)) for room in contributions.all())
    asked = certified_by_document(scope, kind, asked=True).get(member.pk, 0)
    if held or asked:
        words = _("%(name)s has a certificate already. Revoke or withdraw it first, or have it issued anew.")
        raise InvalidAction(words % {"name": member.full_name})


def _says(document: Document, values: Mapping[str, str]) -> bool:
    """Whether it has these values, whatever day it was written on."""
    kept = document.content.get("values", {})
    return all(kept.get(name, "") == value for name, value in values.items() if name != "date")


def add_piece(
    *, action: TrainingAction, key: str, name: str, content: bytes, by: Member, member: Member | None = None
) -> Piece:
    """Add a file that was made elsewhere; one that is there already is not added again.

    Records `created` with its fingerprint. Raises `InvalidAction`.
    """
    if key not in {need.key for need in profile_of(action).pieces if need.source == "file"}:
        raise InvalidAction(_("The profile asks for no such file."))
    digest = blobs.store(action.organisation.uid, content)
    with transaction.atomic():
        TrainingAction.objects.select_for_update(no_key=True).get(pk=action.pk)
        if there := Piece.objects.filter(action=action, key=key, member=member, digest=digest).first():
            return there
        piece = Piece.objects.create(
            organisation=action.organisation,
            action=action,
            key=key,
            member=member,
            name=name[:200],
            digest=digest,
            added_by=by,
            added_at=clock.now(),
        )
        record(
            PIECE_CREATED,
            organisation=action.organisation,
            actor=by.as_reference(),
            object=Reference("piece", str(piece.uid), piece.name),
            result={"sha256": digest},
            context={"action": str(action.uid), "piece": key, "file": piece.name}
            | ({"holder": str(member.uid)} if member else {}),
        )
    return piece
