"""What the plan of an HR file says, done in the database: all or nothing.

The file is compared with who is there in `import_plan`, and lies between upload and import in `import_drafts`.

Importing the same file again finds nothing to do.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.refusals import Refused
from milepost.journal.recording import SYSTEM, Fact, Reference, record, record_many
from milepost.people.facts import MEMBER_CREATED, MEMBER_DEACTIVATED, MEMBER_UPDATED, PEOPLE_IMPORTED
from milepost.people.import_plan import Change, Plan, plan_import
from milepost.people.models import Department, Member, Organisation, Site

BATCH = 2_000


class ImportRefused(Refused):
    """The plan has problems, or somebody changed the people since it was looked at; nothing was written."""

    sentence = gettext_lazy(
        "Somebody has changed the people since you looked at what this file would do. Look at it once more, and import then."
    )


def apply_import(*, plan: Plan, by: Member | None = None, source: str = "", fingerprint: str = "") -> Counter[str]:
    """Do what the plan says, in one transaction; return how many were new, changed and gone.

    `source` and `fingerprint` (name and SHA-256 of the file) go into the journal. Raises `ImportRefused` if the
    plan has problems, or is not what it was when it was looked at. Records `created`, `updated`, `deactivated` for each
    person and `imported` once.
    """
    if not plan.is_possible:
        raise ImportRefused(str(plan.problems[0]))
    try:
        with transaction.atomic():
            Organisation.objects.select_for_update().get(pk=plan.organisation.pk)
            return _apply(_as_it_is_now(plan), by, source, fingerprint)
    except IntegrityError as error:  # a trainer took somebody in at the same moment, whom the file has too
        raise ImportRefused from error


def _as_it_is_now(plan: Plan) -> Plan:
    """The plan with the people as they are now that nobody else changes them. Raises `ImportRefused` if it does other things."""
    now = plan_import(
        organisation=plan.organisation, table=plan.table, mapping=plan.mapping, is_complete=plan.is_complete, by=plan.by
    )
    if now.outcome != plan.outcome:
        raise ImportRefused
    return now


def _apply(plan: Plan, by: Member | None, source: str, fingerprint: str) -> Counter[str]:
    counts = Counter(
        {"new": len(plan.new), "changed": len(plan.changed), "gone": len(plan.gone), "unchanged": plan.unchanged}
    )
    if plan.is_empty:
        return counts
    organisation, actor = plan.organisation, by.as_reference() if by else SYSTEM
    _place_all(organisation, [*plan.new, *plan.changed])
    _write(plan)
    record_many(_facts(plan, actor), organisation=organisation)
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
]


def _write(plan: Plan) -> None:
    """Write the people in bulk, in an order in which no unique value is ever held twice and no manager is missing."""
    moved = [change.member.pk for change in plan.changed if "email" in change.fields]
    for part in _parts(moved):  # two people may swap addresses: both are let go of before they are given out anew
        Member.objects.filter(pk__in=part).exclude(employee_number=None).update(email=None)
    for change in (*plan.new, *plan.changed):
        change.member.refresh_searchable()
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
        yield Fact(MEMBER_CREATED, actor, change.member.as_reference())
    for change in plan.changed:
        yield Fact(MEMBER_UPDATED, actor, change.member.as_reference(), context={"fields": sorted(change.fields)})
    for member in plan.gone:
        yield Fact(MEMBER_DEACTIVATED, actor, member.as_reference())
