"""Who reports to whom by an HR file: the person whom each row names as manager, and whether that goes round in a circle."""

from collections.abc import Callable, Iterable, Sequence

from django.utils.translation import gettext as _

from milepost.people.import_changes import Change
from milepost.people.models import Member, plain

type Tell = Callable[[int, str, str], None]


def resolve_managers(changes: Sequence[Change], members: Sequence[Member], tell: Tell) -> None:
    """Find the manager that each row names, by number, address or name: somebody of the file, or who was there before.

    `tell` hears of rows that name nobody, more than one person, or somebody who stands below them.
    """
    in_file = {change.member.pk for change in changes}
    there = [*(change.member for change in changes), *(member for member in members if member.pk not in in_file)]
    finder = _by(there, lambda member: (member.employee_number, member.email))
    keys = {change.manager_key: plain(change.manager_key) for change in changes if change.manager_key}
    if not finder.keys() >= set(keys.values()):  # some are told by their names, which takes longest
        finder = _by(there, _names) | finder
    names = {member.pk: member for member in members}
    for change in changes:
        if change.manager_key is None:
            continue
        managers = finder.get(keys[change.manager_key], []) if change.manager_key else []
        if change.manager_key and len(managers) != 1:
            tell(change.row, "manager", _not_one(change.manager_key, len(managers)))
            continue
        change.manager = managers[0] if managers else None
        wanted = (change.manager.pk or -1) if change.manager else None
        if wanted != change.member.manager_id:
            former = names.get(change.member.manager_id or 0)
            change.fields.append("manager")
            change.before["manager"] = former.full_name if former else ""
    _refuse_circles(changes, names, tell)


def _refuse_circles(changes: Sequence[Change], members: dict[int, Member], tell: Tell) -> None:
    above = {id(m): members.get(m.manager_id) if m.manager_id else None for m in members.values()}
    for change in changes:
        if "manager" in change.fields:
            above[id(change.member)] = change.manager
    safe: set[int] = set()
    for change in changes:
        trail: dict[int, Member] = {}
        at: Member | None = change.member
        while at is not None and id(at) not in safe and id(at) not in trail:
            trail[id(at)] = at
            at = above.get(id(at))
        if at is not None and id(at) in trail:
            names = [member.full_name for member in trail.values()]
            circle = " → ".join([*names[names.index(at.full_name) :], at.full_name])
            tell(change.row, "manager", _("The managers go round in a circle: %(names)s.") % {"names": circle})
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
