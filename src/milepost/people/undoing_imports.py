"""Undoing the import of an HR file: everybody who was there before is as they were, and whoever was new has left.

Nobody is deleted: what the journal says of them is theirs, and they keep their rights to it. Whoever went on from the import
keeps what it made of them, with the reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import batched
from typing import Any, ClassVar

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.journal.recording import Fact, Reference, record_many
from milepost.people.bulk_acts import BulkKind, in_act
from milepost.people.facts import MEMBER_DEACTIVATED, MEMBER_REACTIVATED, MEMBER_UPDATED
from milepost.people.import_places import Made, unused
from milepost.people.import_planning import MAX_PEOPLE
from milepost.people.importing import BATCH, as_json, let_go_of_addresses, let_go_of_numbers, write_over
from milepost.people.models import BulkAct, BulkActPerson, Department, ImportedPerson, Member, Organisation, Site, plain
from milepost.people.permissions import IMPORT_PEOPLE, Permission
from milepost.people.recognising import Holders, Moved, tell_moved

_DAYS, _TIMES = ("hire_date", "left_on"), ("declined_at",)
_UNIQUE = ("email", "employee_number")


class ImportsOfPeople(BulkKind):
    """`key` is that of the `ImportedPerson`."""

    permission: ClassVar[Permission] = IMPORT_PEOPLE
    explains: ClassVar[str | Promise] = _(
        "Everybody is as they were before the file, and whoever was new has left. Whoever did something since, or was changed since, "
        "stays as they are."
    )
    reasons: ClassVar[Mapping[str, str | Promise]] = {
        "acted": _("something was recorded of them since"),
        "changed": _("was changed since"),
        "taken": _("somebody else has their earlier address or number now"),
        "place": _("their earlier site or department was removed"),
        "role": _("holds a role that you can’t give"),
        "manager": _("their earlier manager reports to them by now"),
    }
    undone: ClassVar[str | Promise] = _("Undid the import of “%(object)s”: %(taken_back)s taken back, %(kept)s kept")
    # People swap numbers and addresses, so all of it is undone as it was done: as one.
    at_once: ClassVar[int] = MAX_PEOPLE

    def title(self, act: BulkAct) -> str:
        words = ngettext("%(count)d person changed by “%(file)s”", "%(count)d people changed by “%(file)s”", act.number)
        return words % {"count": act.number, "file": act.about_name}

    def hold(self, act: BulkAct, people: Sequence[BulkActPerson]) -> None:
        """The organisation first, as whoever imports; then the people."""
        Organisation.locked(act.organisation_id)
        rows = Member.objects.select_for_update(no_key=True).filter(pk__in=[person.member_id for person in people])
        list(rows.order_by("pk").values_list("pk", flat=True))

    def kept(self, act: BulkAct, people: Sequence[BulkActPerson]) -> dict[int, str]:
        before = _imported(people)
        there = _as_they_are(people)
        active = self._with_facts_since(act, [person for person in people if before[person.key].is_new])
        kept = {}
        for person in people:
            imported = before[person.key]
            if imported.is_new:
                if person.member_id in active:
                    kept[person.pk] = "acted"
            elif any(there[person.member_id].get(name) != value for name, value in imported.after.items()):
                kept[person.pk] = "changed"
        kept |= self._beyond(act, [person for person in people if person.pk not in kept], before)
        back = [before[person.key] for person in people if person.pk not in kept]
        why = dict.fromkeys(_whose_place_is_gone(back), "place")
        while True:  # whoever stays holds on to what is theirs by now, and to their manager
            back = [row for row in back if row.member_id not in why]
            more = dict.fromkeys(_whose_own_is_taken(act, back), "taken")
            more |= dict.fromkeys(
                _who_would_go_round(act, [row for row in back if row.member_id not in more]), "manager"
            )
            if not more:
                break
            why |= more
        return kept | {
            person.pk: why[person.member_id] for person in people if person.member_id in why and person.pk not in kept
        }

    @staticmethod
    def _beyond(act: BulkAct, people: Sequence[BulkActPerson], before: Mapping[int, ImportedPerson]) -> dict[int, str]:
        """Those who hold a role that whoever undoes it may not move or shut out; as `recognising` says."""
        holders = Holders(act.organisation, act.undone_by)
        restored = [(person, before[person.key].before) for person in people]
        lasting = [person for person, was in restored if holders.lasts(person.member) and was.get("left_on")]
        shut_out = lasting if holders.are_last_owners([person.member_id for person in lasting]) else []
        moved = [person for person, was in restored if holders.objection(person.member, was)]
        return {person.pk: "role" for person in (*shut_out, *moved)}

    @staticmethod
    def _with_facts_since(act: BulkAct, people: Iterable[BulkActPerson]) -> set[int]:
        uids = {str(person.member.uid): person.member_id for person in people}
        since = Entry.objects.filter(organisation_id=act.organisation_id, pk__gt=act.data["entry"])
        found: set[int] = set()
        for part in batched(uids, BATCH, strict=False):
            about = Q(actor_id__in=part) | Q(object_id__in=part) | Q(holder__in=part)
            for row in since.filter(about).values_list("actor_id", "object_id", "holder"):
                found |= {uids[uid] for uid in row if uid in uids}
        return found

    def take_back(self, act: BulkAct, people: Sequence[BulkActPerson], by: Member) -> None:
        before = _imported(people)
        restored = [(person.member, before[person.key]) for person in people if not before[person.key].is_new]
        new = [person.member for person in people if before[person.key].is_new]
        today = clock.today(act.organisation.time_zone)
        holders, moved = Holders(act.organisation, by), []
        for member, was in restored:
            member.organisation = act.organisation
            if "email" in was.before and member.email and (member in holders or member.user_id):
                moved.append(Moved(member, member.email, member in holders))
        left_before = {member.pk: member.has_left for member, _was in restored}
        let_go_of_addresses([member.pk for member, was in restored if "email" in was.before])
        let_go_of_numbers([member.pk for member, was in restored if "employee_number" in was.before])
        wanted = {(name, was.before.get(name)) for _member, was in restored for name in _UNIQUE}
        for member in new:
            member.left_on = today
            if member.site_id in act.data["sites"]:  # which is not theirs alone to keep
                member.site = None
            if member.department_id in act.data["departments"]:
                member.department = None
            if member.employee_number and ("email", member.email) in wanted:
                member.email = None
            if ("employee_number", member.employee_number) in wanted:
                member.employee_number = f"{member.employee_number} ({member.pk})"[-64:]
        managers = {was.before["manager_id"] for _member, was in restored if was.before.get("manager_id")}
        erased = managers - set(Member.objects.filter(pk__in=managers).values_list("pk", flat=True))
        for member, was in restored:
            for name, value in was.before.items():
                setattr(member, name, _as_value(name, value))
            if member.manager_id in erased:  # who erases a manager leaves those below without one
                member.manager_id = None
        for members in (new, [member for member, _was in restored]):  # the new first: they give up what was another's
            for member in members:
                member.organisation = act.organisation
                member.refresh_searchable()
            write_over(members)
        tell_moved(moved, by)
        facts = _facts(act, new, restored, left_before, by.as_reference())
        record_many(facts, organisation=act.organisation)
        _unmake(act)


def _unmake(act: BulkAct) -> None:
    """Delete the sites and departments that the import made, and that nobody stands in or refers to."""
    sites, departments = unused(Made(act.data["sites"], act.data["departments"]))
    Site.objects.filter(pk__in=sites).delete()
    Department.objects.filter(pk__in=departments).delete()


def _facts(
    act: BulkAct,
    new: Iterable[Member],
    restored: Iterable[tuple[Member, ImportedPerson]],
    had_left: Mapping[int, bool],
    actor: Reference,
) -> Iterator[Fact]:
    context = in_act(act.uid)
    for member in new:
        yield Fact(MEMBER_DEACTIVATED, actor, member.as_reference(), {"left_on": f"{member.left_on}"}, context)
    places = _places([member for member, _was in restored])
    for member, was in restored:
        member.site, member.department, member.manager = places[member.pk]
        fields = context | {"fields": sorted(name.removesuffix("_id") for name in was.before if name != "declined_at")}
        fact_type = MEMBER_REACTIVATED if had_left[member.pk] and not member.has_left else MEMBER_UPDATED
        yield Fact(fact_type, actor, member.as_reference(), member.standing(), fields)


def _places(members: Sequence[Member]) -> dict[int, tuple[Site | None, Department | None, Member | None]]:
    sites = Site.objects.in_bulk({member.site_id for member in members if member.site_id})
    departments = Department.objects.in_bulk({member.department_id for member in members if member.department_id})
    managers = Member.objects.in_bulk({member.manager_id for member in members if member.manager_id})
    return {
        member.pk: (
            sites.get(member.site_id or 0),
            departments.get(member.department_id or 0),
            managers.get(member.manager_id or 0),
        )
        for member in members
    }


def _imported(people: Iterable[BulkActPerson]) -> dict[int, ImportedPerson]:
    return ImportedPerson.objects.in_bulk([person.key for person in people])


def _as_they_are(people: Iterable[BulkActPerson]) -> dict[int, dict[str, Any]]:
    rows = Member.objects.filter(pk__in=[person.member_id for person in people]).values()
    return {row["id"]: as_json(row) for row in rows}


def _whose_own_is_taken(act: BulkAct, imported: Sequence[ImportedPerson]) -> set[int]:
    """Those whose earlier address or number somebody holds on to: whom this does not take back, one of these in turn included."""
    restored = {row.member_id: row for row in imported}
    wanted = {
        (name, plain(row.before[name])): row.member_id for row in imported for name in _UNIQUE if row.before.get(name)
    }
    held: dict[int, list[tuple[str, str]]] = {}
    kept: list[tuple[str, str]] = []
    there = Member.objects.filter(organisation=act.organisation_id).order_by().values("pk", *_UNIQUE)
    for member in there:
        held[member["pk"]] = [(name, plain(member[name])) for name in _UNIQUE if member[name]]
        row = restored.get(member["pk"])
        gives_up = () if row is None else row.before
        if row is not None and row.is_new and member["employee_number"]:  # see `take_back`
            gives_up = _UNIQUE
        kept += [one for one in held[member["pk"]] if one[0] not in gives_up]
    taken: set[int] = set()
    while kept:
        who = wanted.get(kept.pop())
        if who is not None and who not in taken:
            taken.add(who)
            kept += held.get(who, [])
    return taken


def _who_would_go_round(act: BulkAct, imported: Sequence[ImportedPerson]) -> set[int]:
    """Those whose earlier manager reports to them by now, or would by this."""
    restored = {row.member_id: row.before["manager_id"] for row in imported if "manager_id" in row.before}
    if not restored:
        return set()
    managers = Member.objects.filter(organisation=act.organisation_id).order_by().values_list("pk", "manager_id")
    above: dict[int, int | None] = dict(managers)
    above |= restored
    found: set[int] = set()
    safe: set[int] = set()
    for start in restored:
        trail: dict[int, None] = {}
        at: int | None = start
        while at is not None and at not in safe and at not in trail:
            trail[at] = None
            at = above.get(at)
        if at in trail:
            people = list(trail)
            found |= restored.keys() & set(people[people.index(at) :])
        safe |= trail.keys()
    return found


def _whose_place_is_gone(imported: Sequence[ImportedPerson]) -> set[int]:
    gone: set[int] = set()
    for name, model in (("site_id", Site), ("department_id", Department)):
        wanted = {row.before[name] for row in imported if row.before.get(name)}
        there = set(model.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        gone |= {row.member_id for row in imported if row.before.get(name) and row.before[name] not in there}
    return gone


def _as_value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name in _DAYS else value
