"""The HR file as a plan that can be looked at: who is new, changed and gone, and every problem. Writes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import FETCH_PEERS
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.core import time_zones
from milepost.core.canonical import fingerprint_of
from milepost.core.names import as_seen
from milepost.core.refusals import Refused
from milepost.core.tables import Table, date_formats, parse_date
from milepost.people.headings import FIELDS, guess_mapping
from milepost.people.models import Member, Organisation, Relation, plain
from milepost.people.recognising import RECOGNISED_BY, Holders, Moved

SHOWN_PROBLEMS = 200
MAX_PEOPLE = 20_000  # of one file, which is looked at while somebody waits
DEPARTMENT_LENGTH = 600  # of its path from the root
_LENGTHS = {"employee_number": 64, "given_name": 120, "family_name": 120, "seniority": 60, "job_title": 160}
_RELATIONS = {
    "employee": Relation.EMPLOYEE,
    "staff": Relation.EMPLOYEE,
    "salarie": Relation.EMPLOYEE,
    "interne": Relation.EMPLOYEE,
    "cdi": Relation.EMPLOYEE,
    "cdd": Relation.EMPLOYEE,
    "permanent": Relation.EMPLOYEE,
    "partner": Relation.PARTNER,
    "partenaire": Relation.PARTNER,
    "contractor": Relation.PARTNER,
    "prestataire": Relation.PARTNER,
    "client": Relation.CLIENT,
    "customer": Relation.CLIENT,
    "public": Relation.PUBLIC,
}


@dataclass(frozen=True)
class Problem:
    """Something wrong in the file: its row and column as the person sees them, and what to do."""

    row: int | None
    column: str
    message: str

    def __str__(self) -> str:
        where = _("Row %(row)d") % {"row": self.row} if self.row else _("The file")
        where = f"{where}, {self.column}" if self.column else where
        return _("%(where)s: %(message)s") % {"where": where, "message": self.message}


class ImportRefused(Refused):
    """The file has problems, or would do other things than those that were looked at; nothing was written."""

    sentence = gettext_lazy(
        "This file would do something else now than what you looked at. Look at it once more, and import then."
    )

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        super().__init__(str(problems[0]) if problems else "")
        self.problems = problems


@dataclass
class Change:
    """A person as the file wants them. `fields` names what differs from before, `before` has the plain ones as they were.

    Site and department are names still, and the manager may be a person of the same file; None leaves them be.
    """

    member: Member
    row: int
    fields: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    site: str | None = None
    department: str | None = None
    manager_key: str | None = None
    manager: Member | None = None


@dataclass
class Plan:
    """What an import would do."""

    organisation: Organisation
    table: Table
    mapping: dict[str, int]
    is_complete: bool
    new: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    gone: list[Member] = field(default_factory=list)
    staying: list[Member] = field(default_factory=list)  # missing like those gone, but for a role that they hold
    moved: list[Moved] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new or self.changed or self.gone)

    @property
    def count(self) -> int:
        """How many people it touches."""
        return len(self.new) + len(self.changed) + len(self.gone)

    @property
    def is_possible(self) -> bool:
        return not self.problems

    @property
    def counts(self) -> Counter[str]:
        """How many are new, changed, gone and unchanged. Raises `ImportRefused` where there are problems."""
        if self.problems:
            raise ImportRefused(self.problems)
        sizes = {"new": len(self.new), "changed": len(self.changed), "gone": len(self.gone)}
        return Counter(sizes | {"unchanged": self.unchanged})

    @property
    def in_words(self) -> str:
        """What it would do, as a page says it."""
        return changes_in_words({"new": len(self.new), "changed": len(self.changed), "gone": len(self.gone)})

    @property
    def fingerprint(self) -> str:
        """What it would do, to compare: who is new, what changes of whom and in which row, who has left, what is wrong."""
        new = [change.row for change in self.new]
        changed = [[change.row, change.member.pk, sorted(change.fields)] for change in self.changed]
        return fingerprint_of([new, changed, [member.pk for member in self.gone], list(map(str, self.problems))])


def changes_in_words(counts: Mapping[str, int]) -> str:
    """“1 new, 2 changed, 0 gone”, and “3 as they were” where they are counted; each figure with a word of its own number."""
    new, changed, gone = counts["new"], counts["changed"], counts["gone"]
    words = [
        ngettext("%(count)s new", "%(count)s new", new) % {"count": number_format(new)},
        ngettext("%(count)s changed", "%(count)s changed", changed) % {"count": number_format(changed)},
        ngettext("%(count)s gone", "%(count)s gone", gone) % {"count": number_format(gone)},
    ]
    if "unchanged" in counts:
        same = counts["unchanged"]
        words.append(
            ngettext("%(count)s as they were", "%(count)s as they were", same) % {"count": number_format(same)}
        )
    return ", ".join(words)


def plan_import(
    *,
    organisation: Organisation,
    table: Table,
    mapping: Mapping[str, int] | None = None,
    is_complete: bool = False,
    by: Member | None = None,
) -> Plan:
    """Compare the table with the people there are. Reads only; four queries whatever the size.

    `mapping` gives the column index of each field (by default it is guessed). With `is_complete` the file is
    taken to list everybody of the relations that occur in it, so whoever is missing has left, but for those who hold a role
    that `by` may not give: a file is no way to somebody else's roles, nor to shut them out (see `recognising`).
    """
    columns = dict(mapping if mapping is not None else guess_mapping(table.header))
    plan = Plan(organisation, table, columns, is_complete)
    _check_columns(plan)
    if len(table.rows) > MAX_PEOPLE:
        message = _("More than %(count)s people. Split it, and say of none of its parts that it lists everybody.")
        plan.problems.append(Problem(None, "", message % {"count": number_format(MAX_PEOPLE)}))
    if not plan.problems:
        _Planner(plan, by).run()
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

    def __init__(self, plan: Plan, by: Member | None) -> None:
        self.plan = plan
        self.members = list(
            Member.objects.filter(organisation=plan.organisation)
            .select_related("site", "department")
            .fetch_mode(FETCH_PEERS)
            .order_by("id")
        )
        self.by_number = {plain(m.employee_number): m for m in self.members if m.employee_number}
        self.by_email = {m.email: m for m in self.members if m.email}
        self.by_id = {m.id: m for m in self.members}
        self.holders = Holders(plan.organisation, by)
        self.zones = time_zones.known()
        self.emails: dict[str, bool] = {}
        self.formats = {name: date_formats(self._column(name)) for name in ("hire_date", "left_on")}
        self.changes: list[Change] = []
        self._seen = cache(as_seen)  # sites, titles and dates of many are few

    def run(self) -> None:
        seen: dict[int, int] = {}
        keys: dict[str, int] = {}
        for number, cells in zip(self.plan.table.numbers, self.plan.table.rows, strict=True):
            values = {name: self._seen(cells[index]) for name, index in self.plan.mapping.items()}
            change = self._change(number, values)
            if change is None:
                continue
            for key in self._keys(change.member):
                if key in keys:
                    self._problem(number, "", _("The same person is in row %(row)d.") % {"row": keys[key]})
                keys[key] = number
            if change.member.pk:
                seen[change.member.pk] = number
            self.changes.append(change)
        self._check_addresses()
        self._refuse_moving_roles()
        self._keep_an_owner()
        if not self.plan.problems:
            self._resolve_managers()
            self._refuse_cycles()
        for change in self.changes:
            if not change.member.pk:
                self.plan.new.append(change)
            elif change.fields:
                self.plan.changed.append(change)
            else:
                self.plan.unchanged += 1
        if self.plan.is_complete:
            relations = {change.member.relation for change in self.changes}
            for member in self.members:
                if member.pk not in seen and not member.has_left and member.relation in relations:
                    stays = self.holders.is_owner(member) or self.holders.beyond(member) is not None
                    (self.plan.staying if stays else self.plan.gone).append(member)

    def _column(self, name: str) -> list[str]:
        index = self.plan.mapping.get(name)
        return [] if index is None else [row[index] for row in self.plan.table.rows]

    @staticmethod
    def _keys(member: Member) -> Iterator[str]:
        if member.employee_number:
            yield "number " + plain(member.employee_number)
        if member.email:
            yield "email " + member.email

    def _problem(self, row: int | None, name: str, message: str) -> None:
        column = self.plan.table.header[self.plan.mapping[name]] if name in self.plan.mapping else ""
        self.plan.problems.append(Problem(row, column, message))

    def _change(self, row: int, values: dict[str, str]) -> Change | None:
        before = len(self.plan.problems)
        number, email = values.get("employee_number", ""), values.get("email", "").lower()
        if not number and not email:
            self._problem(row, "employee_number", _("No employee number and no e-mail address: give one of them."))
            return None
        known = self.by_number.get(plain(number)) if number else None
        known = known or (self.by_email.get(email) if email else None)
        if known and number and known.employee_number and plain(known.employee_number) != plain(number):
            known = None  # the address now belongs to somebody else; `_check_addresses` decides whether that holds
        member = known or Member(organisation=self.plan.organisation)
        change = Change(member, row)
        for name, value in self._cleaned(row, values):
            if (getattr(member, name) or None) != (value or None):
                change.before[name] = getattr(member, name)
                setattr(member, name, value)
                change.fields.append(name)
        self._place(change, values)
        change.manager_key = values.get("manager")
        return change if len(self.plan.problems) == before else None

    def _cleaned(self, row: int, values: dict[str, str]) -> Iterator[tuple[str, Any]]:
        """The plain fields of a row, checked and typed."""
        for name, text in values.items():
            if name in _LENGTHS:
                if len(text) > _LENGTHS[name]:
                    self._problem(row, name, _("Longer than %(count)d characters.") % {"count": _LENGTHS[name]})
                elif not text and name in ("given_name", "family_name"):
                    self._problem(row, name, _("Empty. Every person needs a name."))
                else:
                    yield name, text or (None if name == "employee_number" else "")
            elif name == "email":
                email = text.lower()
                if email and not self._is_email(email):
                    self._problem(row, name, _("“%(value)s” is not an e-mail address.") % {"value": text[:80]})
                else:
                    yield name, email or None
            elif name in self.formats:
                yield from self._date(row, name, text)
            elif name == "language" and text:
                yield from self._word(row, name, text, _languages())
            elif name == "relation" and text:
                yield from self._word(row, name, text, _RELATIONS)
            elif name == "time_zone" and text:
                if text in self.zones:
                    yield name, text
                else:
                    self._problem(
                        row, name, _("“%(name)s” is not a time zone. Write it like Europe/Paris.") % {"name": text[:60]}
                    )

    def _is_email(self, email: str) -> bool:
        try:
            validate_email(email)
        except ValidationError:
            return False
        return len(email) <= 254

    def _date(self, row: int, name: str, text: str) -> Iterator[tuple[str, date | None]]:
        if not text:
            yield name, None
            return
        try:
            yield name, parse_date(text, formats=self.formats[name])
        except ValueError:
            message = _("“%(value)s” is not a date. Write it like 2024-03-31 or 31/03/2024.")
            self._problem(row, name, message % {"value": text[:40]})

    def _word(self, row: int, name: str, text: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        if value := known.get(plain(text)) or known.get(plain(text[:2]) if name == "language" else ""):
            yield name, value
        else:
            options = ", ".join(sorted(set(known.values())))
            message = _("“%(value)s” is not known here. Use one of: %(options)s.")
            self._problem(row, name, message % {"value": text[:40], "options": options})

    def _place(self, change: Change, values: dict[str, str]) -> None:
        """The site and department, by name: those that do not exist yet are made when the plan is applied."""
        member = change.member
        if "site" in values:
            change.site = values["site"][:120]
            if change.site.casefold() != (member.site.name.casefold() if member.site else ""):
                change.fields.append("site")
        if "department" in values:
            change.department = department_path(values["department"])
            if len(change.department) > DEPARTMENT_LENGTH:
                words = _("Longer than %(count)d characters.")
                self._problem(change.row, "department", words % {"count": DEPARTMENT_LENGTH})
            if change.department.casefold() != (member.department.path.casefold() if member.department else ""):
                change.fields.append("department")

    def _refuse_moving_roles(self) -> None:
        """Nobody moves or shuts out somebody whose role they may not give; who may is not silent about the old address, nor is
        who moves somebody that has joined: links to sign and documents go to the new one.
        """
        for change in self.changes:
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
        moved = {change.member.pk for change in self.changes if change.member.pk}
        for kind, name, owners in (("email", "email", self.by_email), ("number", "employee_number", self.by_number)):
            for change in self.changes:
                value = getattr(change.member, name)
                owner = owners.get(plain(value) if kind == "number" else value) if value else None
                if owner and owner is not change.member and owner.pk not in moved:
                    message = _("%(value)s belongs to %(person)s, who is not in the file.")
                    self._problem(change.row, name, message % {"value": value, "person": owner.full_name})

    def _resolve_managers(self) -> None:
        if "manager" not in self.plan.mapping:
            return
        in_file = {change.member.pk for change in self.changes}
        there = [*(change.member for change in self.changes), *(m for m in self.members if m.pk not in in_file)]
        finder = _by(there, lambda member: (member.employee_number, member.email))
        keys = {change.manager_key: plain(change.manager_key) for change in self.changes if change.manager_key}
        if not finder.keys() >= set(keys.values()):  # some are told by their names, which takes longest
            finder = _by(there, _names) | finder
        for change in self.changes:
            managers = finder.get(keys[change.manager_key], []) if change.manager_key else []
            if change.manager_key and len(managers) != 1:
                self._problem(change.row, "manager", _not_one(change.manager_key, len(managers)))
                continue
            change.manager = managers[0] if managers else None
            wanted = (change.manager.pk or -1) if change.manager else None
            if wanted != change.member.manager_id:
                change.fields.append("manager")

    def _refuse_cycles(self) -> None:
        above = {id(m): self.by_id.get(m.manager_id) if m.manager_id else None for m in self.members}
        for change in self.changes:
            if "manager" in change.fields:
                above[id(change.member)] = change.manager
        safe: set[int] = set()
        for change in self.changes:
            trail: dict[int, Member] = {}
            at: Member | None = change.member
            while at is not None and id(at) not in safe and id(at) not in trail:
                trail[id(at)] = at
                at = above.get(id(at))
            if at is not None and id(at) in trail:
                names = [member.full_name for member in trail.values()]
                circle = " → ".join([*names[names.index(at.full_name) :], at.full_name])
                self._problem(
                    change.row, "manager", _("The managers go round in a circle: %(names)s.") % {"names": circle}
                )
            safe.update(trail)


def _by(members: Iterable[Member], words_of: Callable[[Member], Iterable[str | None]]) -> dict[str, list[Member]]:
    """The people by each of these words of theirs, as a search compares it."""
    found: dict[str, list[Member]] = {}
    for member in members:
        for key in {plain(word) for word in words_of(member) if word}:
            found.setdefault(key, []).append(member)
    return found


def _names(member: Member) -> tuple[str, str]:
    return member.full_name, f"{member.family_name} {member.given_name}"


def _not_one(key: str, count: int) -> str:
    if count:
        return _("“%(value)s” names %(count)d people. Use the employee number.") % {"value": key[:80], "count": count}
    return _("No person is known by “%(value)s”.") % {"value": key[:80]}


def department_path(text: str) -> str:
    """A department as its path from the root: names joined with ' / ' whatever the file puts between them."""
    parts = (part.strip()[:120] for part in text.replace(">", "/").replace("\\", "/").replace("|", "/").split("/"))
    return " / ".join(part for part in parts if part)


@cache
def _languages() -> dict[str, str]:
    """The languages by their codes, and by their names in each of them: “fr”, “french”, “francais”."""
    from babel import Locale

    codes = list(dict(settings.LANGUAGES))
    names = {plain(str(Locale(reader).languages[code])): code for code in codes for reader in codes}
    return {code: code for code in codes} | names
