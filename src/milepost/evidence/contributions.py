"""Asking every room what it holds of an action or of a person, so that all who ask mean the same by “all of it”.

What rooms answer is told in `milepost.people.contributions`. Dossiers, the history, the audit room, readiness, export,
erasure and retention ask here, and know no room by name:

    scope = scope_of(action, member)             # or without a member: everybody in it
    for part in entries(scope): ...              # the facts that speak of it
    for kind in file_kinds(): ...                # its files, of every kind
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import batched, chain
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from milepost.core.registry import RegisteredTwice
from milepost.evidence.models import TrainingAction
from milepost.journal.models import Entry
from milepost.journal.queries import of_people
from milepost.journal.vocabulary import fact_type_of, fact_types
from milepost.people.contributions import BATCH, Contribution, FileKind, Scope, contributions
from milepost.people.models import Member, MemberQuerySet, Organisation

UID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def scope_of(action: TrainingAction, member: Member | None = None) -> Scope:
    """The action, or one person in it, as rooms are asked about it."""
    seats = TrainingAction.members.through._default_manager.filter(trainingaction=action.pk)
    sessions = action.sessions.order_by("number").values_list("pk", flat=True)
    return Scope(
        organisation=action.organisation,
        uid=action.uid,
        reference=action.as_reference(),
        title=action.title,
        language=action.language,
        starts_on=action.starts_on,
        ends_on=action.ends_on,
        minutes=action.minutes,
        seats=(seats.filter(member=member) if member else seats).values("member_id"),
        course_id=action.course_id,
        course_uid=action.course.uid if action.course else None,
        session_ids=tuple(sessions),
        member=member,
    )


def scope_to_let_go(action: TrainingAction) -> Scope:
    """What goes when the action's time is over: not the course, nor sessions that another action still needs."""
    kept = TrainingAction.objects.filter(let_go_at=None).exclude(pk=action.pk)
    alone = action.sessions.exclude(pk__in=kept.filter(sessions__isnull=False).values("sessions"))
    return replace(
        scope_of(action),
        course_id=None,
        course_uid=None,
        session_ids=tuple(alone.order_by("number").values_list("pk", flat=True)),
        _read={},
    )


# --- Facts ------------------------------------------------------------------------------------------------


def entries(scope: Scope, *, erased: bool = False) -> "Iterator[QuerySet[Entry]]":
    """The facts that speak of all this, in parts that may overlap; a part asks for at most `BATCH` things.

    Those that were erased are left out, unless they are asked for: of what they said nothing is left.
    """
    everything = Entry.objects.filter(organisation_id=scope.organisation.pk).order_by()
    everything = everything if erased else everything.exclude(statement="")
    common = [fact_type.name for fact_type in fact_types.all() if fact_type.is_common]
    nobody_else = Q(fact__in=common) | of_people([str(scope.member.uid)]) if scope.member else Q()
    for part in batched(chain(things(scope), things_besides(scope)), BATCH, strict=False):
        yield everything.filter(nobody_else, about__in=part)
        yield everything.filter(nobody_else, also__in=part)
    for contribution in contributions.all():
        for condition in contribution.facts(scope):
            yield everything.filter(condition)


def entry_numbers(scope: Scope) -> set[int]:
    """The numbers of all these facts."""
    return {number for part in entries(scope) for number in part.values_list("id", flat=True)}


def numbers_with_erased(scope: Scope) -> tuple[set[int], set[int]]:
    """The numbers of all these facts, erased ones too, and which those are."""
    is_erased = ExpressionWrapper(Q(statement=""), BooleanField())
    parts = (part.values_list("id", is_erased) for part in entries(scope, erased=True))
    told = {number: erased for part in parts for number, erased in part}
    return set(told), {number for number, erased in told.items() if erased}


def story(scope: Scope) -> "QuerySet[Entry]":
    """The facts about the action itself and what it is made of, newest first: its history, as people read it."""
    facts = Entry.objects.filter(organisation_id=scope.organisation.pk, about__in=list(things(scope)))
    return facts.order_by("-id")


def things(scope: Scope) -> Iterator[str]:
    """The uids of everything that belongs to the action and that facts can be about."""
    for contribution in contributions.all():
        yield from contribution.things(scope)


def things_besides(scope: Scope) -> list[str]:
    """What else of the action the one person did something about, as somebody who takes part and works in the office does."""
    if scope.member is None:
        return []
    of_action = Q(also=str(scope.uid)) | Q(about__in=session_uids(scope))
    theirs = Entry.objects.filter(of_people([str(scope.member.uid)]), of_action, organisation_id=scope.organisation.pk)
    return sorted(set(theirs.order_by().values_list("about", flat=True)) - set(things(scope)))


def session_uids(scope: Scope) -> list[str]:
    """All sessions of the action, also those in which the one person has no seat."""
    uids = TrainingAction.objects.filter(uid=scope.uid, sessions__isnull=False).values_list("sessions__uid", flat=True)
    return [str(uid) for uid in uids]


def actions_about(organisation: Organisation, facts: Sequence[Entry]) -> set[int]:
    """The keys of the actions that these facts speak of, none of which was let go; ask for at most `BATCH` facts.

    What somebody does in a course belongs to the actions that they take part in; what the office does there, to all
    of the course's; and what it does about a person, to all of theirs. What the organisation decides is about every one.
    """
    actions = TrainingAction.objects.filter(organisation=organisation, let_go_at=None).order_by()
    if str(organisation.uid) in {fact.about for fact in facts}:
        return set(actions.values_list("pk", flat=True))
    abouts, actors = _uids(fact.about for fact in facts), _uids(fact.actor_id for fact in facts)
    by_office = _uids(fact.about for fact in facts if _is_office(fact))
    named = {uid for room in contributions.all() for uid in room.actions_about(organisation, abouts)}
    conditions = (
        Q(uid__in=_uids([*abouts, *named])),
        Q(sessions__uid__in=abouts),
        Q(course__uid__in=by_office),
        Q(course__uid__in=abouts, members__uid__in=actors),
        Q(members__uid__in=by_office),
    )
    return {pk for condition in conditions for pk in actions.filter(condition).values_list("pk", flat=True)}


def _is_office(fact: Entry) -> bool:
    fact_type = fact_type_of(fact.fact)
    return fact_type is None or fact_type.is_office


def _uids(texts: Iterable[str]) -> list[str]:
    """Those of the texts that are the uid of anything, each once."""
    return [text for text in sorted(set(texts)) if UID.fullmatch(text)]


# --- Files and people -------------------------------------------------------------------------------------


def file_kinds() -> list[FileKind[Any]]:
    """Every kind of file, room by room."""
    return [kind for contribution in contributions.all() for kind in contribution.files]


def participants(scope: Scope) -> MemberQuerySet:
    """Everybody who takes part because of the scope's course and sessions."""
    seats = Q(pk__in=())
    for contribution in contributions.all():
        rows = contribution.participants(scope)
        if rows is not None:
            seats |= Q(pk__in=rows)
    return Member.objects.filter(seats, organisation=scope.organisation)


def counts(scope: Scope) -> list[tuple[str, int]]:
    """How many there are of what people count, in every room."""
    return [pair for contribution in contributions.all() for pair in contribution.counts(scope)]


def actions_of(member: Member) -> "QuerySet[TrainingAction]":
    """The actions that still hold anything of the person: as participant, trainer, signatory, or whatever a room knows."""
    theirs = Q(members=member)
    for contribution in contributions.all():
        involvement = contribution.involvement(member)
        theirs |= Q(sessions__in=involvement.session_ids) | Q(uid__in=involvement.action_uids)
    rows = TrainingAction.objects.filter(organisation=member.organisation_id, let_go_at=None)
    return rows.filter(theirs).select_related("organisation").distinct()


# --- What rooms add to the words of profiles and of copies ------------------------------------------------


def named(attribute: str) -> dict[str, Any]:
    """All `sources`, `checks`, `remedies` or `records` by name. Raises `RegisteredTwice` if two rooms claim one."""
    everything: dict[str, Any] = {}
    for contribution in contributions.all():
        for name, item in _mapping(contribution, attribute).items():
            if name in everything:
                raise RegisteredTwice(f"Two rooms have “{name}” among their {attribute}.")
            everything[name] = item
    return everything


def _mapping(contribution: Contribution, attribute: str) -> dict[str, Any]:
    return dict(getattr(contribution, attribute))
