"""What the plan of an HR file says, done in the database: all or nothing.

The file is compared with who is there in `import_planning`, lies between upload and import in `import_drafts`, and is undone by
`undoing_imports`.

Importing the same file again finds nothing to do.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import batched
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from milepost.core import clock
from milepost.core.quotas import refuse_beyond
from milepost.core.tables import Table
from milepost.journal.recording import SYSTEM, Fact, Reference, record, record_many
from milepost.people.bulk_acts import Done, kept_as, remember
from milepost.people.facts import (
    MEMBER_CREATED,
    MEMBER_DEACTIVATED,
    MEMBER_REACTIVATED,
    MEMBER_UPDATED,
    PEOPLE_IMPORTED,
)
from milepost.people.import_places import Making
from milepost.people.import_plan import ImportRefused, Plan
from milepost.people.import_planning import plan_import
from milepost.people.models import ImportedPerson, Member, Organisation
from milepost.people.recognising import tell_moved

BATCH = 2_000
KIND = "people-import"
"""The act on many people as which an import is remembered."""


@dataclass(frozen=True)
class HRFile:
    """An HR file as it is to be imported: its table, what its columns hold (guessed where nobody said it), whether it lists
    everybody, and what was answered to what it asks. Its name and its SHA-256 go into the journal.
    """

    table: Table
    mapping: Mapping[str, int] | None = None
    is_complete: bool = False
    name: str = ""
    fingerprint: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    def plan(self, organisation: Organisation, *, by: Member | None = None) -> Plan:
        """What it would do now (see `plan_import`)."""
        return plan_import(
            organisation=organisation,
            table=self.table,
            mapping=self.mapping,
            is_complete=self.is_complete,
            answers=self.answers,
            by=by,
        )


def import_people(
    *,
    organisation: Organisation,
    file: HRFile,
    by: Member | None = None,
    seen: str | None = None,
    leavers: int | None = None,
    act: UUID | None = None,
) -> Counter[str]:
    """Do what the file says, in one transaction; return how many were new, changed, back and gone.

    `seen` is the fingerprint of the plan that somebody looked at before, and then typed how many `leavers` it has; where nobody
    looked, so many leave at most. Without that number no more leave than `Plan.may_leave`. Raises `TooManyLeave`, and `ImportRefused` if the file has problems, or does other things than
    those by now. Records `created`, `updated`, `deactivated`, `reactivated` for each person and `imported` once. For a month
    it can be undone under `act`.
    """
    try:
        with transaction.atomic():
            # It is planned once that nobody else changes the people.
            Organisation.locked(organisation.pk)
            plan = file.plan(organisation, by=by)
            if seen is not None and seen != plan.fingerprint:
                raise ImportRefused
            counts = plan.counts
            plan.refuse_leavers(leavers, exactly=seen is not None)
            refuse_beyond(organisation, "people", more=counts["new"] + counts["back"] - counts["gone"])
            if not plan.is_empty:
                source = Reference("people-file", file.fingerprint or "-", file.name or "-")
                done, uid = carry_out(plan, by), act or uuid4()
                remember_changes(done, source, uid, entry=_tell(done, source, uid))
            return counts
    except IntegrityError as error:  # a trainer took somebody in at the same moment, whom the file has too
        raise ImportRefused from error


_WRITTEN = [
    "employee_number",
    "email",
    "given_name",
    "family_name",
    "site",
    "department",
    "seniority",
    "job_title",
    "manager",
    "hire_date",
    "left_on",
    "relation",
    "language",
    "time_zone",
    "searchable",
    "declined_at",
]
_COLUMNS = {one.name: one.attname for one in Member._meta.concrete_fields if one.name in _WRITTEN}


def carry_out(plan: Plan, by: Member | None) -> "Writing":
    """Do what a plan says, in the transaction of whoever held the organisation's row as it was made. Records a fact for each person."""
    done = Writing(plan, by)
    done.run()
    return done


class Writing:
    """A plan on its way into the database: what is written, and what was there before."""

    def __init__(self, plan: Plan, by: Member | None) -> None:
        self.plan, self.by = plan, by
        self.organisation = plan.organisation
        self.actor = by.as_reference() if by else SYSTEM
        self.today = clock.today(plan.organisation.time_zone)
        self.making = Making(plan.organisation)
        self.before: dict[int, dict[str, Any]] = {}

    def run(self) -> None:
        self._hold()
        self._place()
        self._write()
        record_many(self._facts(), organisation=self.organisation)
        tell_moved(self.plan.moved, self.by)

    def _hold(self) -> None:
        """Hold whoever changes, and take over what they did themselves since they were read: a no, their language, what is theirs.

        The file does not name that, and it would be written back as it was. Raises `ImportRefused` if somebody has joined since
        whom the file moves: that they are told at their old address was not looked at.
        """
        columns = {name: column for name, column in _COLUMNS.items() if name != "searchable"}  # made of the others
        changes = {change.member.pk: change for change in self.plan.written}
        for part in batched(sorted({*changes, *(member.pk for member in self.plan.gone)}), BATCH, strict=False):
            held = Member.objects.select_for_update(no_key=True).filter(pk__in=part).order_by("pk")
            for row in held.values("pk", "user_id", *columns.values()):
                self.before[row["pk"]] = row
                if (change := changes.get(row["pk"])) is None:
                    continue
                if "email" in change.fields and row["user_id"] != change.member.user_id:
                    raise ImportRefused
                for name, column in columns.items():
                    if name not in change.fields:
                        setattr(change.member, column, row[column])

    def _place(self) -> None:
        for change in (*self.plan.new, *self.plan.written):
            if change.site is not None:
                change.member.site = self.making.site(change.site)
            if change.department is not None:
                change.member.department = self.making.department(change.department)

    def _write(self) -> None:
        """Write the people in bulk, in an order in which no unique value is ever held twice and no manager is missing."""
        plan = self.plan
        for change in (*plan.new, *plan.written):
            if "email" in change.fields:
                change.member.declined_at = None  # who said no was whoever reads at the earlier address
            if "manager" in change.fields:
                change.member.manager = change.manager
            change.member.refresh_searchable()
        let_go_of_addresses([change.member.pk for change in plan.written if "email" in change.fields])
        renumbered = [change.member.pk for change in plan.written if "employee_number" in change.fields]
        let_go_of_numbers(renumbered)  # two may swap theirs
        write_over([change.member for change in plan.freed])
        for level in _levels([change.member for change in plan.new]):
            Member.objects.bulk_create(level, batch_size=BATCH)
        write_over([change.member for change in (*plan.changed, *plan.back)])
        for part in batched([member.pk for member in plan.gone], BATCH, strict=False):
            Member.objects.filter(pk__in=part).update(left_on=self.today)

    def _facts(self) -> Iterator[Fact]:
        plan, actor = self.plan, self.actor
        for change in plan.new:
            yield Fact(MEMBER_CREATED, actor, change.member.as_reference(), change.member.standing())
        for change in plan.written:
            fact_type = MEMBER_REACTIVATED if change.comes_back else MEMBER_UPDATED
            fields = {"fields": sorted(change.fields)}
            yield Fact(fact_type, actor, change.member.as_reference(), change.member.standing(), fields)
        for member in plan.gone:
            yield Fact(MEMBER_DEACTIVATED, actor, member.as_reference(), {"left_on": self.today.isoformat()})


def _tell(done: Writing, source: Reference, uid: UUID) -> int:
    counts = {name: count for name, count in done.plan.counts.items() if count or name != "back"}
    told = record(
        PEOPLE_IMPORTED,
        organisation=done.organisation,
        actor=done.actor,
        object=source,
        result=counts,
        context={"act": str(uid)},
    )
    return told.pk


def remember_changes(done: Writing, source: Reference, uid: UUID, *, entry: int) -> None:
    """Keep what was before and after, for whoever undoes it. Those who left stand last, and are looked at first.

    `entry` is the number of the fact that told of the whole: whatever comes after it came after the change.
    """
    plan, organisation = done.plan, done.organisation
    made = done.making.made
    bulk = Done(KIND, uid, source, {"entry": entry, "sites": made.sites, "departments": made.departments})
    act, _is_new = kept_as(bulk, by=done.by, organisation=organisation)
    rows = {change.member.pk: ImportedPerson(act=act, member=change.member, is_new=True) for change in plan.new}
    for change in plan.written:
        columns = [_COLUMNS[name] for name in change.fields] + ["declined_at"]
        row = rows.setdefault(change.member.pk, ImportedPerson(act=act, member=change.member))
        row.before |= as_json({column: done.before[change.member.pk][column] for column in columns})
        row.after |= as_json({column: getattr(change.member, column) for column in columns})
    for member in plan.gone:
        row = rows.setdefault(member.pk, ImportedPerson(act=act, member=member))
        row.before |= as_json({"left_on": done.before[member.pk]["left_on"]})
        row.after |= as_json({"left_on": done.today})
    kept = ImportedPerson.objects.bulk_create(rows.values(), batch_size=BATCH)
    remember(bulk, to=[(row.member_id, row.pk) for row in kept], by=done.by, organisation=organisation)


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a person as JSON has them: days and times by ISO 8601."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def let_go_of_addresses(members: Collection[int]) -> None:
    """Take these people's addresses before they are given others: two may swap theirs."""
    for part in batched(members, BATCH, strict=False):
        Member.objects.filter(pk__in=part).exclude(employee_number=None).update(email=None)


def let_go_of_numbers(keys: Collection[int]) -> None:
    """Take these people's numbers before they are given others; a number of nobody's stands in their place."""
    for part in batched(keys, BATCH, strict=False):
        free = Concat(Value("~"), Cast("pk", CharField()))
        Member.objects.filter(pk__in=part).update(employee_number=free)


def write_over(members: Collection[Member]) -> None:
    """Write what a file can say of these people over what there is, in bulk."""
    Member.objects.bulk_create(
        members,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_WRITTEN,
    )


def _levels(new: Sequence[Member]) -> Iterator[list[Member]]:
    """New people in the order of the reporting line, so that everybody's manager is written before them."""
    levels: dict[int, int] = {}
    unwritten = {id(member) for member in new}

    def level_of(member: Member) -> int:
        trail = []
        while id(member) not in levels and member.manager is not None and id(member.manager) in unwritten:
            trail.append(member)
            member = member.manager
        level = levels.setdefault(id(member), 0)
        for below in reversed(trail):
            level += 1
            levels[id(below)] = level
        return levels[id(trail[0])] if trail else level

    grouped: dict[int, list[Member]] = {}
    for member in new:
        grouped.setdefault(level_of(member), []).append(member)
    for level in sorted(grouped):
        yield grouped[level]
