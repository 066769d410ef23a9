"""An HR file compared with the people there are: the plan of what it would do.

What a row says is read in `import_rows`; which site or department is meant, in `import_places`; who reports to whom, in
`import_managers`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

from django.db.models import FETCH_PEERS
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.core.names import as_seen
from milepost.core.tables import Table
from milepost.people.headings import FIELDS, guess_mapping
from milepost.people.import_changes import OTHER, SAME, Change, Question, is_somebody_else, question_of
from milepost.people.import_managers import resolve_managers
from milepost.people.import_places import (
    DEPARTMENT,
    NAME_LENGTH,
    PATH_LENGTH,
    SITE,
    Places,
    department_path,
    too_long_part,
)
from milepost.people.import_plan import Plan, Problem
from milepost.people.import_rows import CLEARED, Rows
from milepost.people.models import Member, Merge, Organisation, plain
from milepost.people.recognising import RECOGNISED_BY, Holders, Moved

MAX_PEOPLE = 20_000  # of one file, which is looked at while somebody waits
NUMBER_LENGTH = 64


def plan_import(
    *,
    organisation: Organisation,
    table: Table,
    mapping: Mapping[str, int] | None = None,
    is_complete: bool = False,
    answers: Mapping[str, str] | None = None,
    by: Member | None = None,
) -> Plan:
    """Compare the table with the people there are. Reads only; a few queries whatever the size.

    `mapping` gives the column index of each field (by default it is guessed). With `is_complete` the file is
    taken to list everybody of the relations that occur in it, so whoever is missing has left, but for those who hold a role
    that `by` may not give: a file is no way to somebody else's roles, nor to shut them out (see `recognising`). `answers` has
    what somebody said to the plan's questions and new places, by the key of each.
    """
    columns = dict(mapping if mapping is not None else guess_mapping(table.header))
    plan = Plan(organisation, table, columns, is_complete)
    _check_columns(plan)
    if len(table.rows) > MAX_PEOPLE:
        message = _("More than %(count)s people. Split it, and say of none of its parts that it lists everybody.")
        plan.problems.append(Problem(None, "", message % {"count": number_format(MAX_PEOPLE)}))
    if not plan.problems:
        _Planner(plan, answers or {}, by).run()
    return plan


def plan_person(
    *, organisation: Organisation, said: Mapping[str, str], person: Member | None = None, by: Member | None = None
) -> Plan:
    """What it would do to say this of one person, by field, as a file would: of `person`, or of somebody new.

    What is empty is cleared; what is not said stays. It is compared with everybody, as numbers and addresses are of one person.
    """
    said = {name: as_seen(text) for name, text in said.items()}
    said = {name: "" if text.casefold() in CLEARED else text for name, text in said.items()}
    labels = [str(field.label) for field in FIELDS]
    table = Table(labels, [[said.get(field.name, "") for field in FIELDS]], [1], "", "")
    plan = Plan(organisation, table, {field.name: at for at, field in enumerate(FIELDS)}, is_complete=False)
    _Planner(plan, {}, by).look_at(person, said)
    return plan


def _check_columns(plan: Plan) -> None:
    if "employee_number" not in plan.mapping and "email" not in plan.mapping:
        message = _("No column holds employee numbers or e-mail addresses. Say which one does: people are found by it.")
        plan.problems.append(Problem(None, "", message))
    labels = {field.name: str(field.label) for field in FIELDS}
    for name in ("given_name", "family_name"):
        if name not in plan.mapping:
            message = _("No column holds the %(field)s. Say which one does.") % {"field": labels[name].lower()}
            plan.problems.append(Problem(None, "", message))


class _Planner:
    """Works through the rows once, with everything that exists loaded before."""

    def __init__(self, plan: Plan, answers: Mapping[str, str], by: Member | None) -> None:
        self.plan, self.answers = plan, answers
        self.members = list(
            Member.objects.filter(organisation=plan.organisation, merge=None)  # an earlier record is found by no row
            .select_related("site", "department")
            .fetch_mode(FETCH_PEERS)
            .order_by("id")
        )
        for member in self.members:
            member.organisation = plan.organisation
        plan.there = sum(not member.has_left for member in self.members)  # before any of them is changed
        self.by_number = {plain(m.employee_number): m for m in self.members if m.employee_number}
        self.by_email = {m.email: m for m in self.members if m.email}
        self._find_by_earlier_records()
        self.holders = Holders(plan.organisation, by)
        self.places = Places(plan.organisation, answers)
        self.rows = Rows(plan.table, plan.mapping, self._problem)
        self.changes: list[Change] = []
        self.freed: set[int] = set()
        self.suffixes: Counter[str] = Counter()
        self.is_of_one = False

    def _find_by_earlier_records(self) -> None:
        """A row that names the number or address of an earlier record means the one that stays."""
        people = {member.pk: member for member in self.members}
        self.earlier: dict[str, Member] = {}
        for merge in Merge.objects.filter(organisation=self.plan.organisation):
            if (stays := people.get(merge.stays_id)) is None:
                continue
            if merge.number and plain(merge.number) not in self.by_number:
                self.by_number[plain(merge.number)] = self.earlier[plain(merge.number)] = stays
            if merge.address:
                self.by_email.setdefault(merge.address, stays)

    def look_at(self, person: Member | None, said: Mapping[str, str]) -> None:
        """Take one person for what is said of them, whoever else has this number or address."""
        self.is_of_one = True
        member = next((one for one in self.members if person is not None and one.pk == person.pk), None)
        change = Change(member or Member(organisation=self.plan.organisation), 1)
        had_left = change.member.has_left
        if not change.member.pk:
            self.rows.lacks_names(1, {name: text for name, text in said.items() if text})
            said = {name: text for name, text in said.items() if text}
        self._take(change, said)
        change.comes_back = had_left and not change.member.has_left
        if not change.member.email and not change.member.employee_number:
            self._problem(1, "email", _("No employee number and no e-mail address: give one of them."))
        self.changes.append(change)
        self._finish()

    def run(self) -> None:
        keys: dict[str, int] = {}
        rows: dict[int, int] = {}
        numbers = self._numbers_of_the_file() if self.earlier else frozenset()
        for number, said in self.rows:
            stays = self.earlier.get(plain(said.get("employee_number", "")))
            if stays is not None and plain(stays.employee_number or "") in numbers:
                continue  # the row of an earlier record, whose person has one of their own
            change = self._change(number, said)
            if change is None:
                continue
            if change.member.pk in rows:  # by two numbers: that of an earlier record is one
                self._problem(number, "", _("The same person is in row %(row)d.") % {"row": rows[change.member.pk]})
                continue
            if change.member.pk:
                rows[change.member.pk] = number
            for key in self._keys(change.member):
                if key in keys:
                    self._problem(number, "", _("The same person is in row %(row)d.") % {"row": keys[key]})
                keys[key] = number
            self.changes.append(change)
        self._finish()
        if self.plan.is_complete:
            self._find_missing()

    def _numbers_of_the_file(self) -> frozenset[str]:
        at = self.plan.mapping.get("employee_number")
        return frozenset(plain(as_seen(cells[at])) for cells in self.plan.table.rows) if at is not None else frozenset()

    def _finish(self) -> None:
        plan = self.plan
        self._check_addresses()
        self._refuse_moving_roles()
        self._keep_an_owner()
        resolve_managers(self.changes, self.members, self._problem)
        plan.places = self.places.new()
        plan.known = {kind: sorted(names.values(), key=str.casefold) for kind, names in self.places.known.items()}
        plan.problems.sort(key=lambda problem: problem.row or 0)
        for change in self.changes:
            if not change.member.pk:
                plan.new.append(change)
            elif change.comes_back:
                plan.back.append(change)
            elif change.fields:
                plan.changed.append(change)
            else:
                plan.unchanged += 1

    def _find_missing(self) -> None:
        named = {change.member.pk for change in self.changes}
        relations = {change.member.relation for change in self.changes}
        for member in self.members:
            if member.pk not in named and not member.has_left and member.relation in relations:
                stays = self.holders.is_owner(member) or self.holders.beyond(member) is not None
                (self.plan.staying if stays else self.plan.gone).append(member)

    @staticmethod
    def _keys(member: Member) -> Iterator[str]:
        if member.employee_number:
            yield "number " + plain(member.employee_number)
        if member.email:
            yield "email " + member.email

    def _problem(self, row: int | None, name: str, message: str) -> None:
        column = self.plan.table.header[self.plan.mapping[name]] if name in self.plan.mapping else ""
        self.plan.problems.append(Problem(row, column, message, name))

    def _change(self, row: int, said: Mapping[str, str]) -> Change | None:
        number, email = said.get("employee_number", ""), said.get("email", "").lower()
        if not number and not email:
            self._problem(row, "employee_number", _("No employee number and no e-mail address: give one of them."))
            return None
        member = self._whom(row, number, email, said) or Member(organisation=self.plan.organisation)
        change = Change(member, row)
        if not member.pk:
            self.rows.lacks_names(row, said)
        had_left = member.has_left
        self._take(change, said)
        if had_left and ("left_on" not in said or not member.has_left):
            if "left_on" not in said:  # somebody whom the file lists is there
                self._set(change, "left_on", None)
            change.comes_back = True
        return change

    def _take(self, change: Change, said: Mapping[str, str]) -> None:
        for name, value in self.rows.values(change.row, said):
            self._set(change, name, value)
        self._place(change, said)
        change.manager_key = said.get("manager")

    @staticmethod
    def _set(change: Change, name: str, value: object) -> None:
        if ((before := getattr(change.member, name)) or None) != (value or None):
            change.before[name] = before
            setattr(change.member, name, value)
            change.fields.append(name)

    def _whom(self, row: int, number: str, email: str, said: Mapping[str, str]) -> Member | None:
        """Whom the row is about, of those there are; None for somebody new."""
        known = self.by_number.get(plain(number)) if number else None
        if known is not None and (swapped := self._who_swapped(known, number, email, said)):
            return swapped
        if known is not None and is_somebody_else(known, said):
            answer = self.answers.get(question_of(number), "")
            would_be = " ".join(said.get(name, "") for name in ("given_name", "family_name")).strip()
            answer = answer if answer in (SAME, OTHER) else ""
            self.plan.questions.append(
                Question(row, number, known.full_name, known.email or "", would_be, email, answer)
            )
            if answer == OTHER:
                if plain(number) in self.earlier:  # of an earlier record, which gave it up
                    del self.by_number[plain(number)], self.earlier[plain(number)]
                else:
                    self._free(known, row)
                known = None
        if known is not None:
            return known
        known = self.by_email.get(email) if email else None
        is_free = known is not None and known.pk in self.freed
        if known and number and known.employee_number and plain(known.employee_number) != plain(number) and not is_free:
            return None  # the address now belongs to somebody else; `_check_addresses` decides whether that holds
        return known

    def _who_swapped(self, known: Member, number: str, email: str, said: Mapping[str, str]) -> Member | None:
        """Whom the row is about where it gives them, by address and name, the number of somebody who has another one in this file."""
        if not email or not is_somebody_else(known, said):
            return None
        owner = self.by_email.get(email)
        if owner is None or owner.pk == known.pk or is_somebody_else(owner, said):
            return None
        theirs = self._number_by_address.get((known.email or "").lower(), "")
        return owner if theirs and theirs != plain(number) else None

    @cached_property
    def _number_by_address(self) -> dict[str, str]:
        """The number that the file gives to each address."""
        at, by = self.plan.mapping.get("employee_number"), self.plan.mapping.get("email")
        if at is None or by is None:
            return {}
        rows = ((as_seen(cells[by]).lower(), plain(as_seen(cells[at]))) for cells in self.plan.table.rows)
        return {email: number for email, number in rows if email and number}

    def _free(self, member: Member, row: int) -> None:
        """Give the number of somebody away: theirs says from then on until which year it was theirs."""
        number, change = str(member.employee_number), Change(member, row)
        year = (member.left_on or clock.today(self.plan.organisation.time_zone)).year
        alike = f"{plain(number)[: NUMBER_LENGTH // 2]} {year}"  # what is cut may be the same of many
        while True:
            self.suffixes[alike] += 1
            count = self.suffixes[alike]
            suffix = f" ({year})" if count == 1 else f" ({year}-{count})"
            free = f"{number[: NUMBER_LENGTH - len(suffix)]}{suffix}"
            if plain(free) not in self.by_number:
                break
        self._set(change, "employee_number", free)
        del self.by_number[plain(number)]
        self.by_number[plain(str(member.employee_number))] = member
        self.plan.freed.append(change)
        self.freed.add(member.pk)

    def _place(self, change: Change, said: Mapping[str, str]) -> None:
        """The site and department, by name: those that do not exist yet are made when the plan is applied."""
        member = change.member
        if SITE in said and len(said[SITE]) > NAME_LENGTH:
            self._problem(change.row, SITE, _("Longer than %(count)d characters.") % {"count": NAME_LENGTH})
        elif SITE in said:
            change.site = self.places.meant(SITE, said[SITE])
            self._compare(change, SITE, change.site, member.site.name if member.site else "")
        if DEPARTMENT in said:
            path = department_path(said[DEPARTMENT])
            if len(path) > PATH_LENGTH:
                words = _("Longer than %(count)d characters.")
                self._problem(change.row, DEPARTMENT, words % {"count": PATH_LENGTH})
                return
            if part := too_long_part(path):
                words = _("Longer than %(count)d characters: “%(name)s…”.")
                self._problem(change.row, DEPARTMENT, words % {"count": NAME_LENGTH, "name": part[:40]})
                return
            change.department = self.places.meant(DEPARTMENT, path)
            self._compare(change, DEPARTMENT, change.department, member.department.path if member.department else "")

    @staticmethod
    def _compare(change: Change, name: str, wanted: str, before: str) -> None:
        if wanted.casefold() != before.casefold():
            change.fields.append(name)
            change.before[name] = before

    def _refuse_moving_roles(self) -> None:
        """Nobody moves or shuts out somebody whose role they may not give; who may is not silent about the old address, nor is
        who moves somebody that has joined: links to sign and documents go to the new one.
        """
        for change in (*self.changes, *self.plan.freed):
            holds_role = change.member in self.holders
            if holds_role and (objection := self.holders.objection(change.member, change.before)):
                self._problem(change.row, next(name for name in RECOGNISED_BY if name in change.before), objection)
            elif (holds_role or change.member.user_id) and (old := change.before.get("email")):
                self.plan.moved.append(Moved(change.member, old, holds_role))

    def _keep_an_owner(self) -> None:
        """Somebody stays who owns everything, for good: no leaving date takes the last one away."""
        leaving = [c for c in self.changes if self.holders.lasts(c.member) and c.member.left_on is not None]
        if not self.holders.are_last_owners([change.member.pk for change in leaving]):
            return
        for change in leaving:
            message = _("%(person)s is the last owner. Make somebody else owner first.")
            self._problem(change.row, "left_on", message % {"person": change.member.full_name})

    def _check_addresses(self) -> None:
        """No address and no number may end up with two people, counting those that the file does not name."""
        in_file = {change.member.pk for change in self.changes if change.member.pk}
        for kind, name, owners in (("email", "email", self.by_email), ("number", "employee_number", self.by_number)):
            for change in self.changes:
                value = getattr(change.member, name)
                owner = owners.get(plain(value) if kind == "number" else value) if value else None
                has_it = owner and plain(getattr(owner, name) or "") == plain(
                    value
                )  # and not an earlier record of theirs
                if owner and has_it and owner is not change.member and owner.pk not in in_file:
                    not_there = _("%(value)s belongs to %(person)s, who is not in the file.")
                    message = _("%(value)s belongs to %(person)s.") if self.is_of_one else not_there
                    self._problem(change.row, name, message % {"value": value, "person": owner.full_name})
