"""Two records of one person: HR says which one stays, and the other becomes an earlier record of it.

    plan = plan_merge(stays=anna, earlier=anna_as_a_trainee, by=hr)       # what it would do, to look at
    merge_records(stays=…, earlier=…, seen=plan.fingerprint, by=hr)

What was recorded of the earlier record stays under its uid: facts, certificates, signatures and dossiers hold as they are
(docs/decisions/0066). It leaves; the fields that the other one lacks, its account and its team go over; a file that names its
number or address means the one that stays. For 30 days that can be undone. Nobody is moved or shut out by it who holds a role:
see `recognising`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.canonical import fingerprint_of
from milepost.core.refusals import Refused
from milepost.journal.recording import Fact, record_many
from milepost.people.contributions import contributions
from milepost.people.facts import (
    MEMBER_DEACTIVATED,
    MEMBER_MERGED,
    MEMBER_REACTIVATED,
    MEMBER_SEPARATED,
    MEMBER_UPDATED,
)
from milepost.people.headings import FIELDS
from milepost.people.import_words import in_words
from milepost.people.models import Member, Merge, Organisation, User, plain
from milepost.people.recognising import Holders, Moved, tell_moved

FILLED = tuple(field.name for field in FIELDS if field.name not in ("given_name", "family_name", "left_on", "relation"))
"""What the record that stays takes over where it says nothing."""
NUMBER_LENGTH = 64
_COLUMNS = {one.name: one.attname for one in Member._meta.concrete_fields if one.name in FILLED}
_WRITTEN = (*_COLUMNS.values(), "left_on", "user_id", "joined_at", "declined_at")
_DAYS, _TIMES = ("hire_date", "left_on"), ("joined_at", "declined_at")


class MergeRefused(Refused):
    """The two can't be made one; the message says why."""


class LookedAtOther(MergeRefused):
    """Something changed since it was looked at."""

    sentence = gettext_lazy("One of the records has changed since you looked. Look once more.")


class IsEarlierRecord(Refused):
    """The record is an earlier one of somebody, and is not changed."""

    sentence = gettext_lazy("This is an earlier record of somebody. Change the record that stays.")


class TooLateToSeparate(MergeRefused):
    """It was merged too long ago."""

    sentence = gettext_lazy("This can’t be undone any more: 30 days are over.")


@dataclass(frozen=True)
class Line:
    """A field of both records, as it is, and as it becomes in the one that stays."""

    label: str | Promise
    earlier: str
    stays: str
    becomes: str


@dataclass(frozen=True)
class MergePlan:
    """What merging would do."""

    stays: Member
    earlier: Member
    filled: Mapping[str, Any]
    """The fields that go over, by name."""
    team: Sequence[int]
    """The keys of those who report to the earlier record."""
    moves_account: bool

    @property
    def lines(self) -> list[Line]:
        """Field by field."""
        return [
            Line(
                field.label,
                in_words(field.name, getattr(self.earlier, field.name)),
                in_words(field.name, getattr(self.stays, field.name)),
                in_words(field.name, self.filled.get(field.name, getattr(self.stays, field.name))),
            )
            for field in FIELDS
        ]

    @property
    def held(self) -> list[tuple[str | Promise, int]]:
        """What stays under the earlier record: how many rows of which kind, as rooms call them."""
        return list(held_by(self.earlier))

    @property
    def loses_account(self) -> bool:
        """Whether an account is left over, because both have one."""
        return self.earlier.user_id is not None and not self.moves_account

    @property
    def fingerprint(self) -> str:
        """What it would do, to compare."""
        rows = [[getattr(one, name) for name in _WRITTEN] for one in (self.stays, self.earlier)]
        return fingerprint_of(
            [self.stays.pk, self.earlier.pk, [[str(value) for value in row] for row in rows], sorted(self.team)]
        )


def held_by(member: Member) -> Iterator[tuple[str | Promise, int]]:
    """How many rows of each kind rooms hold of somebody, by what they call them in the copy of a person's data."""
    for contribution in contributions.all():
        for label, words in contribution.records.items():
            model = apps.get_model(label)
            paths = [one.name for one in model._meta.get_fields() if one.concrete and one.related_model is Member]
            if "member" in paths and (count := model._default_manager.filter(member=member).count()):
                yield words, count


def plan_merge(*, stays: Member, earlier: Member, by: Member) -> MergePlan:
    """What it would do to make `earlier` an earlier record of `stays`. Raises `MergeRefused`. Reads only."""
    _refuse(stays, earlier)
    filled = {
        name: getattr(earlier, name)
        for name in FILLED
        if not getattr(stays, name)
        and getattr(earlier, name)
        and not (name == "manager" and earlier.manager_id == stays.pk)
    }
    plan = MergePlan(
        stays=stays,
        earlier=earlier,
        filled=filled,
        team=sorted(earlier.team.exclude(pk=stays.pk).values_list("pk", flat=True)),
        moves_account=earlier.user_id is not None and stays.user_id is None,
    )
    _refuse_roles(plan, by)
    return plan


def _refuse(stays: Member, earlier: Member) -> None:
    if stays.pk == earlier.pk or stays.organisation_id != earlier.organisation_id:
        raise MergeRefused(_("Choose two records of one person."))
    for one in (stays, earlier):
        if Merge.objects.filter(earlier=one.pk).exists():
            words = _("%(person)s is an earlier record of somebody already. Choose the record that stays.")
            raise MergeRefused(words % {"person": one.full_name})
    if Merge.objects.filter(stays=earlier.pk).exists():
        words = _("%(person)s has earlier records: let this one stay, or undo that first.")
        raise MergeRefused(words % {"person": earlier.full_name})
    if stays.has_left:
        words = _("%(person)s has left. Let the other record stay, or say first that they are back.")
        raise MergeRefused(words % {"person": stays.full_name})


def _refuse_roles(plan: MergePlan, by: Member) -> None:
    """An earlier record holds no role, and nobody gets a role by another's account, address or number."""
    if plan.earlier.pk == by.pk:
        raise MergeRefused(_("This is your own record: let it stay, or ask somebody else."))
    holders = Holders(plan.stays.organisation, by)
    if plan.earlier in holders:
        words = _("%(person)s holds a role there. Withdraw it first, and give it to the record that stays.")
        raise MergeRefused(words % {"person": plan.earlier.full_name})
    before = {name: None for name in ("email", "employee_number") if name in plan.filled}
    if plan.moves_account:
        before["email"] = None
    if before and (objection := holders.objection(plan.stays, before | {"left_on": None})):
        raise MergeRefused(objection)


def merge_records(*, stays: Member, earlier: Member, seen: str, by: Member) -> Merge:
    """Make `earlier` an earlier record of `stays`, as was looked at: `seen` is the fingerprint of the plan.

    Raises `MergeRefused`. Records `merged`; `deactivated` of the earlier record unless it had left; `updated` of each whose record
    changes.
    """
    with transaction.atomic():
        stays, earlier = _hold(stays, earlier)
        plan = plan_merge(stays=stays, earlier=earlier, by=by)
        if plan.fingerprint != seen:
            raise LookedAtOther
        merge = Merge(
            organisation=stays.organisation,
            stays=stays,
            earlier=earlier,
            number=earlier.employee_number or "",
            address=earlier.email or "",
            by=by,
            before=_columns_of(stays, earlier),
        )
        had_left, account, address = earlier.has_left, earlier.user_id, earlier.email
        joined_at = earlier.joined_at
        _let_go(earlier)
        for name, value in plan.filled.items():
            setattr(stays, name, value)
        if plan.moves_account:
            stays.user_id, stays.joined_at, stays.declined_at = account, joined_at, None
        stays.save()
        Member.objects.filter(pk__in=plan.team).update(manager=stays)
        merge.after = _columns_of(stays, earlier)
        merge.data = {"team": list(plan.team), "absences": _move_absences(earlier, stays)}
        merge.save()
        record_many(_facts(merge, plan, by, had_left=had_left), organisation=stays.organisation)
        if account and address and "email" not in plan.filled:
            tell_moved([Moved(stays, address, holds_role=False)], by)
    return merge


def separate(*, merge: Merge, by: Member) -> None:
    """Undo it: both are as they were before. Raises `MergeRefused` where that is too long ago, or they were changed since.

    Records `separated`, `reactivated` of the earlier record unless it had left before, and `updated` of each whose record changes.
    """
    with transaction.atomic():
        stays, earlier = _hold(merge.stays, merge.earlier)
        held = Merge.objects.select_for_update(no_key=True).filter(pk=merge.pk).first()
        if held is None:
            raise MergeRefused(_("This was undone already."))
        if not held.can_be_undone:
            raise TooLateToSeparate
        holders = Holders(stays.organisation, by)
        if objection := holders.objection(stays, {"email": None, "left_on": None}):
            raise MergeRefused(objection)
        if _columns_of(stays, earlier) != held.after:
            raise MergeRefused(_("One of the records was changed since. Change by hand what is not right."))
        _refuse_taken(held, stays, earlier)
        for one in (earlier, stays):  # each lets go of what the other had, before that has it again
            Member.objects.filter(pk=one.pk).update(user=None, email=None, employee_number=f"~{one.pk}")
        for one, key in ((stays, "stays"), (earlier, "earlier")):
            for name, value in held.before[key].items():
                setattr(one, name, _as_value(name, value))
            one.save()
        team = Member.objects.filter(pk__in=held.data["team"], manager=stays)
        keys = list(team.order_by("pk").values_list("pk", flat=True))
        Member.objects.filter(pk__in=keys).update(manager=earlier)
        team = Member.objects.filter(pk__in=keys).select_related("site", "department", "manager").order_by("pk")
        stays.absences.filter(pk__in=held.data["absences"]).update(member=earlier)
        record_many(_facts_of_separating(held, stays, earlier, team, by), organisation=stays.organisation)
        held.delete()


def _hold(stays: Member, earlier: Member) -> tuple[Member, Member]:
    """The organisation first, as whoever imports; then the accounts, as whoever joins; then the people, in one order."""
    organisation = Organisation.locked(stays.organisation_id)
    keys = [stays.pk, earlier.pk]
    accounts = Member.objects.filter(pk__in=keys).exclude(user=None).values("user")
    list(
        User.objects.select_for_update(no_key=True).filter(pk__in=accounts).order_by("pk").values_list("pk", flat=True)
    )
    held = {key: Member.locked(key) for key in sorted(keys)}
    for one in held.values():
        one.organisation = organisation
    return held[stays.pk], held[earlier.pk]


def _let_go(earlier: Member) -> None:
    """The earlier record has left, and gives up what it was found by: its number says until which year it was."""
    today = clock.today(earlier.organisation.time_zone)
    if not earlier.has_left:
        earlier.left_on = today
    people = Member.objects.filter(organisation=earlier.organisation).exclude(employee_number=None)
    known = {plain(number or "") for number in people.values_list("employee_number", flat=True)}
    was, count = earlier.employee_number or earlier.email or "", 1
    while True:
        suffix = f" ({today.year})" if count == 1 else f" ({today.year}-{count})"
        free = f"{was[: NUMBER_LENGTH - len(suffix)]}{suffix}"
        if plain(free) not in known:
            break
        count += 1
    earlier.employee_number, earlier.email, earlier.user_id = free, None, None
    earlier.save()


def _move_absences(earlier: Member, stays: Member) -> list[int]:
    """Those that are on or to come go over, but for those that share a day with one that is noted there; return their keys."""
    noted = list(stays.absences.all())
    moved = [
        absence
        for absence in earlier.absences.filter(told_at=None)
        if not any(other.shares_a_day_with(absence.begins, absence.ends) for other in noted)
    ]
    earlier.absences.filter(pk__in=[absence.pk for absence in moved]).update(member=stays)
    return [absence.pk for absence in moved]


def _columns_of(stays: Member, earlier: Member) -> dict[str, dict[str, Any]]:
    return {
        key: {name: _as_json(getattr(one, name)) for name in _WRITTEN}
        for key, one in (("stays", stays), ("earlier", earlier))
    }


def _facts(merge: Merge, plan: MergePlan, by: Member, *, had_left: bool) -> Iterator[Fact]:
    actor, stays, earlier = by.as_reference(), merge.stays, merge.earlier
    yield Fact(MEMBER_MERGED, actor, stays.as_reference(), {"earlier": str(earlier.uid)})
    if not had_left:
        yield Fact(MEMBER_DEACTIVATED, actor, earlier.as_reference(), {"left_on": f"{earlier.left_on}"})
    if plan.filled:
        yield Fact(MEMBER_UPDATED, actor, stays.as_reference(), stays.standing(), {"fields": sorted(plan.filled)})
    for one in Member.objects.filter(pk__in=plan.team).select_related("site", "department", "manager").order_by("pk"):
        yield Fact(MEMBER_UPDATED, actor, one.as_reference(), one.standing(), {"fields": ["manager"]})


def _facts_of_separating(
    merge: Merge, stays: Member, earlier: Member, team: Iterable[Member], by: Member
) -> Iterator[Fact]:
    actor = by.as_reference()
    yield Fact(MEMBER_SEPARATED, actor, stays.as_reference(), {"earlier": str(earlier.uid)})
    for one, key in ((stays, "stays"), (earlier, "earlier")):
        changed = [name for name in merge.before[key] if merge.before[key][name] != merge.after[key][name]]
        fields = sorted(name.removesuffix("_id") for name in changed if name in (*_COLUMNS.values(), "left_on"))
        if not fields:
            continue
        is_back = "left_on" in fields and not one.has_left
        fact = MEMBER_REACTIVATED if is_back else MEMBER_UPDATED
        yield Fact(fact, actor, one.as_reference(), one.standing(), {"fields": fields})
    for one in team:
        yield Fact(MEMBER_UPDATED, actor, one.as_reference(), one.standing(), {"fields": ["manager"]})


def _refuse_taken(merge: Merge, stays: Member, earlier: Member) -> None:
    """Whoever has the earlier number or address by now keeps it."""
    others = Member.objects.filter(organisation=merge.organisation).exclude(pk__in=[stays.pk, earlier.pk])
    for name in ("employee_number", "email"):
        wanted = {plain(value) for one in merge.before.values() if (value := one[name])}
        held = (
            {plain(value) for value in others.exclude(**{name: None}).values_list(name, flat=True)} if wanted else set()
        )
        if wanted & held:
            raise MergeRefused(_("Somebody else has the earlier number or address by now."))


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _as_value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name in _DAYS else value
