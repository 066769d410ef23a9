"""What the plan of an HR file says, done in the database: all or nothing.

The file is compared with who is there in `import_plan`, and lies between upload and import in `import_drafts`.

Importing the same file again finds nothing to do.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from milepost.core import clock
from milepost.core.quotas import refuse_beyond
from milepost.core.tables import Table
from milepost.journal.recording import SYSTEM, Fact, Reference, record, record_many
from milepost.people.facts import MEMBER_CREATED, MEMBER_DEACTIVATED, MEMBER_UPDATED, PEOPLE_IMPORTED
from milepost.people.import_plan import Change, ImportRefused, Plan, plan_import
from milepost.people.models import Department, Member, Organisation, Site
from milepost.people.recognising import tell_moved

BATCH = 2_000


@dataclass(frozen=True)
class HRFile:
    """An HR file as it is to be imported: its table, what its columns hold (guessed where nobody said it), and whether it
    lists everybody. Its name and its SHA-256 go into the journal.
    """

    table: Table
    mapping: Mapping[str, int] | None = None
    is_complete: bool = False
    name: str = ""
    fingerprint: str = ""

    def plan(self, organisation: Organisation, *, by: Member | None = None) -> Plan:
        """What it would do now (see `plan_import`)."""
        return plan_import(
            organisation=organisation, table=self.table, mapping=self.mapping, is_complete=self.is_complete, by=by
        )


def import_people(
    *, organisation: Organisation, file: HRFile, by: Member | None = None, seen: str | None = None
) -> Counter[str]:
    """Do what the file says, in one transaction; return how many were new, changed and gone.

    `seen` is the fingerprint of the plan that somebody looked at before. Raises `ImportRefused` if the file has problems,
    or does other things than those by now. Records `created`, `updated`, `deactivated` for each person and `imported` once.
    """
    try:
        with transaction.atomic():
            # It is planned once that nobody else changes the people.
            Organisation.objects.select_for_update().get(pk=organisation.pk)
            plan = file.plan(organisation, by=by)
            if seen is not None and seen != plan.fingerprint:
                raise ImportRefused
            refuse_beyond(organisation, "people", more=plan.counts["new"] - plan.counts["gone"])
            _hold(plan)
            return _apply(plan, by, file.name, file.fingerprint)
    except IntegrityError as error:  # a trainer took somebody in at the same moment, whom the file has too
        raise ImportRefused from error


def _apply(plan: Plan, by: Member | None, source: str, fingerprint: str) -> Counter[str]:
    counts = plan.counts
    if plan.is_empty:
        return counts
    organisation, actor = plan.organisation, by.as_reference() if by else SYSTEM
    _place_all(organisation, [*plan.new, *plan.changed])
    _write(plan)
    record_many(_facts(plan, actor), organisation=organisation)
    tell_moved(plan.moved, by)
    imported = Reference("people-file", fingerprint or "-", source or "-")
    record(PEOPLE_IMPORTED, organisation=organisation, actor=actor, object=imported, result=dict(counts))
    return counts


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


def _hold(plan: Plan) -> None:
    """Hold whoever changes, and take over what they did themselves since they were read: a no, their language, what is theirs.

    The file does not name that, and it would be written back as it was. Raises `ImportRefused` if somebody has joined since whom
    the file moves: that they are told at their old address was not looked at.
    """
    written = set(_WRITTEN) - {"searchable"}  # which is made of the others
    columns = {field.name: field.attname for field in Member._meta.concrete_fields if field.name in written}
    changes = {change.member.pk: change for change in plan.changed}
    for part in _parts(sorted(changes)):
        held = Member.objects.select_for_update(no_key=True).filter(pk__in=part).order_by("pk")
        for row in held.values("pk", "user_id", *columns.values()):
            change = changes[row["pk"]]
            if "email" in change.fields and row["user_id"] != change.member.user_id:
                raise ImportRefused
            for name, column in columns.items():
                if name not in change.fields:
                    setattr(change.member, column, row[column])


def _write(plan: Plan) -> None:
    """Write the people in bulk, in an order in which no unique value is ever held twice and no manager is missing."""
    moved = [change.member.pk for change in plan.changed if "email" in change.fields]
    for part in _parts(moved):  # two people may swap addresses: both are let go of before they are given out anew
        Member.objects.filter(pk__in=part).exclude(employee_number=None).update(email=None)
    for change in (*plan.new, *plan.changed):
        change.member.refresh_searchable()
        if "email" in change.fields:
            change.member.declined_at = None  # who said no was whoever reads at the earlier address
        if "manager" in change.fields:
            change.member.manager = change.manager
    for level in _levels([change.member for change in plan.new]):
        Member.objects.bulk_create(level, batch_size=BATCH)
    Member.objects.bulk_create(
        [change.member for change in plan.changed],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_WRITTEN,
    )
    today = clock.today(plan.organisation.time_zone)
    for part in _parts([member.pk for member in plan.gone]):
        Member.objects.filter(pk__in=part).update(left_on=today)


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


def _parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _place_all(organisation: Organisation, changes: Iterable[Change]) -> None:
    sites = {site.name.casefold(): site for site in Site.objects.filter(organisation=organisation)}
    departments = {d.path.casefold(): d for d in Department.objects.filter(organisation=organisation)}
    for change in changes:
        if change.site is not None:
            change.member.site = _site(organisation, change.site, sites)
        if change.department is not None:
            change.member.department = _department(organisation, change.department, departments)


def _site(organisation: Organisation, name: str, known: dict[str, Site]) -> Site | None:
    if not name:
        return None
    if name.casefold() not in known:
        known[name.casefold()] = Site.objects.create(organisation=organisation, name=name)
    return known[name.casefold()]


def _department(organisation: Organisation, path: str, known: dict[str, Department]) -> Department | None:
    if not path:
        return None
    if path.casefold() not in known:
        above, _slash, name = path.rpartition(" / ")
        parent = _department(organisation, above, known)
        known[path.casefold()] = Department.objects.create(
            organisation=organisation, parent=parent, name=name, path=path
        )
    return known[path.casefold()]


def _facts(plan: Plan, actor: Reference) -> Iterator[Fact]:
    for change in plan.new:
        yield Fact(MEMBER_CREATED, actor, change.member.as_reference(), change.member.place())
    for change in plan.changed:
        fields = {"fields": sorted(change.fields)}
        yield Fact(MEMBER_UPDATED, actor, change.member.as_reference(), change.member.place(), fields)
    left = {"left_on": clock.today(plan.organisation.time_zone).isoformat()}
    for member in plan.gone:
        yield Fact(MEMBER_DEACTIVATED, actor, member.as_reference(), left)
