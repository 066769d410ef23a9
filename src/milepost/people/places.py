"""Sites and departments: adding, renaming, removing one, and moving everybody of one to another.

Moving people is remembered like an HR file, so that it can be undone. What nobody stands in and nothing refers to can be removed.
"""

import re
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import time_zones
from milepost.core.names import as_seen
from milepost.core.public_holidays import countries
from milepost.core.refusals import Refused
from milepost.core.tables import Table
from milepost.journal.recording import Reference, record
from milepost.people.facts import PLACE_ADDED, PLACE_EMPTIED, PLACE_LOCATED, PLACE_REMOVED, PLACE_RENAMED
from milepost.people.import_changes import Change
from milepost.people.import_places import (
    DEPARTMENT,
    NAME_LENGTH,
    PATH_LENGTH,
    SEPARATORS,
    SITE,
    Made,
    Making,
    department_path,
    too_long_part,
    unused,
)
from milepost.people.import_plan import Plan
from milepost.people.import_rows import CLEARED
from milepost.people.importing import carry_out, remember_changes
from milepost.people.models import Department, Member, Organisation, Site


class PlaceRefused(Refused):
    """The name can't be taken, or the site or department can't go; the message says why."""


@dataclass(frozen=True)
class Place:
    """A site or a department."""

    kind: str
    row: Site | Department

    @property
    def name(self) -> str:
        """The name of the site, the path of the department."""
        return self.row.name if isinstance(self.row, Site) else self.row.path

    def as_reference(self) -> Reference:
        return Reference("place", f"{self.kind}-{self.row.pk}", self.name)


def place_of(organisation: Organisation, kind: str, key: int) -> Place | None:
    """The site or department of the organisation with this key."""
    rows = organisation.sites if kind == SITE else organisation.departments
    row = rows.filter(pk=key).first() if kind in (SITE, DEPARTMENT) else None
    return Place(kind, row) if row else None


def add_place(*, organisation: Organisation, kind: str, name: str, by: Member) -> Place:
    """Add a site, or a department by its path with those above it. Raises `PlaceRefused`. Records `added`."""
    name = _checked(kind, name)
    with transaction.atomic():
        _hold(organisation)
        _refuse_taken(organisation, kind, name)
        row = _made(organisation, kind, name)
        record(PLACE_ADDED, organisation=organisation, actor=by.as_reference(), object=Place(kind, row).as_reference())
    return Place(kind, row)


def rename_place(*, place: Place, name: str, by: Member) -> None:
    """Give it another name; of a department, its last part: it stays where it is. Raises `PlaceRefused`. Records `renamed`.

    Whoever stands in it stands in it still, and so says who looks at an earlier day: facts before this one have the earlier name.
    """
    organisation, kind, row, before = place.row.organisation, place.kind, place.row, place.name
    above = before.rpartition(" / ")[0] if isinstance(row, Department) else ""
    name = as_seen(name)
    if len(name) > NAME_LENGTH:
        raise PlaceRefused(_("Longer than %(count)d characters.") % {"count": NAME_LENGTH})
    name = _checked(kind, re.sub(SEPARATORS, "-", name) if kind == DEPARTMENT else name)
    after = f"{above} / {name}" if above else name
    if after == before:
        return
    with transaction.atomic():
        _hold(organisation)
        if after.casefold() != before.casefold():
            _refuse_taken(organisation, kind, after)
        row.name = name
        if isinstance(row, Department):
            below = list(organisation.departments.filter(path__startswith=f"{before} / "))
            for department in below:
                department.path = f"{after}{department.path[len(before) :]}"
            if any(len(path) > PATH_LENGTH for path in (after, *(department.path for department in below))):
                raise PlaceRefused(_("With those below it the name would be too long."))
            row.path = after
            Department.objects.bulk_update(below, ["path"])
        row.save()
        record(
            PLACE_RENAMED,
            organisation=organisation,
            actor=by.as_reference(),
            object=Place(kind, row).as_reference(),
            result={"kind": kind, "before": before, "after": after},
        )


def locate_site(*, place: Place, country: str, time_zone: str, by: Member) -> None:
    """Say in which country (ISO 3166-1) and time zone a site is; “” for that of the organisation. The same once more is a no-op.

    Raises `PlaceRefused`. Records `located`.
    """
    if country and country not in dict(countries()):
        raise PlaceRefused(_("Choose a country of the list."))
    if time_zone and time_zone not in time_zones.known():
        raise PlaceRefused(_("“%(name)s” is not a time zone. Write it like Europe/Paris.") % {"name": time_zone[:60]})
    organisation = place.row.organisation
    with transaction.atomic():
        _hold(organisation)
        site = Site.objects.select_for_update(no_key=True).filter(pk=place.row.pk).first()
        if place.kind != SITE or site is None:
            raise PlaceRefused(_("This site was removed already."))
        if (site.country, site.time_zone) == (country, time_zone):
            return
        site.country, site.time_zone = country, time_zone
        site.save(update_fields=["country", "time_zone"])
        record(
            PLACE_LOCATED,
            organisation=organisation,
            actor=by.as_reference(),
            object=place.as_reference(),
            result={name: value for name, value in (("country", country), ("time_zone", time_zone)) if value},
        )


def move_people(*, place: Place, into: Place, by: Member) -> tuple[int, UUID]:
    """Move everybody who stands in one to another of its kind; return how many, and the uid under which it can be undone.

    Those of departments below stay there. Raises `PlaceRefused`. Records `updated` for each, and `emptied`.
    """
    if place.kind != into.kind or place.row.pk == into.row.pk:
        raise PlaceRefused(_("Choose another one."))
    organisation, act = place.row.organisation, uuid4()
    with transaction.atomic():
        _hold(organisation)
        plan = Plan(organisation, Table([], [], [], "", ""), {}, is_complete=False)
        there = Member.objects.filter(organisation=organisation, **{place.kind: place.row})
        for member in there.select_related("site", "department", "manager").order_by("pk"):
            change = Change(member, 0, fields=[place.kind], before={place.kind: place.name})
            setattr(change, place.kind, into.name)
            plan.changed.append(change)
        if plan.changed:
            done = carry_out(plan, by)
            told = record(
                PLACE_EMPTIED,
                organisation=organisation,
                actor=by.as_reference(),
                object=place.as_reference(),
                result={"into": into.name, "people": len(plan.changed)},
                context={"act": str(act)},
            )
            source = Reference("place", place.as_reference().id, f"{place.name} → {into.name}"[:200])
            remember_changes(done, source, act, entry=told.pk)
    return len(plan.changed), act


def remove_place(*, place: Place, by: Member) -> None:
    """Remove what nobody stands in and nothing refers to. Raises `PlaceRefused`. Records `removed`."""
    organisation = place.row.organisation
    with transaction.atomic():
        _hold(organisation)
        made = Made([place.row.pk], []) if place.kind == SITE else Made([], [place.row.pk])
        if place.row.pk not in {key for keys in unused(made) for key in keys}:
            raise PlaceRefused(
                _("“%(name)s” is in use: by people, by who has left, by a role or by something else.")
                % {"name": place.name}
            )
        gone = place.as_reference()
        place.row.delete()
        record(PLACE_REMOVED, organisation=organisation, actor=by.as_reference(), object=gone)


def _hold(organisation: Organisation) -> None:
    """As whoever imports people does: names are compared with those that there are."""
    Organisation.locked(organisation.pk)


def _checked(kind: str, name: str) -> str:
    name = as_seen(name) if kind == SITE else department_path(as_seen(name))
    if not name or name.casefold() in CLEARED:  # a file that says so clears it
        raise PlaceRefused(_("Give it a name."))
    if kind == DEPARTMENT and (part := too_long_part(name)):
        raise PlaceRefused(
            _("Longer than %(count)d characters: “%(name)s…”.") % {"count": NAME_LENGTH, "name": part[:40]}
        )
    if len(name) > (NAME_LENGTH if kind == SITE else PATH_LENGTH):
        raise PlaceRefused(
            _("Longer than %(count)d characters.") % {"count": NAME_LENGTH if kind == SITE else PATH_LENGTH}
        )
    return name


def _refuse_taken(organisation: Organisation, kind: str, name: str) -> None:
    names = (
        organisation.sites.values_list("name", flat=True)
        if kind == SITE
        else organisation.departments.values_list("path", flat=True)
    )
    if name.casefold() in {known.casefold() for known in names}:  # as a file compares them; SQLite knows no É as é
        words = gettext_lazy("“%(name)s” is there already. To bring both together, move everybody of one to the other.")
        raise PlaceRefused(words % {"name": name})


def _made(organisation: Organisation, kind: str, name: str) -> Site | Department:
    making = Making(organisation)
    row: Any = making.site(name) if kind == SITE else making.department(name)
    return cast("Site | Department", row)  # it has a name
