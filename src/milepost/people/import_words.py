"""What an HR file would do, in words and as a table: each field of each person, as it was and as it becomes."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from milepost.people.headings import FIELDS
from milepost.people.import_changes import Change
from milepost.people.import_plan import Plan
from milepost.people.models import Member, Relation

_LABELS = {field.name: field.label for field in FIELDS}


class Difference(NamedTuple):
    """A field that changes."""

    label: str
    before: str
    after: str


def differences_of(change: Change) -> list[Difference]:
    """Each field that the file changes of somebody, as it was and as it becomes."""
    names = [name for name in _LABELS if name in change.fields]
    return [
        Difference(str(_LABELS[name]), in_words(name, change.before.get(name)), in_words(name, change.becomes(name)))
        for name in names
    ]


def in_words(name: str, value: Any) -> str:
    """What a field of somebody holds, as people read it."""
    if not value:
        return ""
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if name == "relation":
        return str(Relation(value).label)
    if name == "language":
        return dict(settings.LANGUAGES).get(value, str(value))
    return str(value)


def as_table(plan: Plan) -> Iterator[list[Any]]:
    """All that it would do, with a heading: a line for each field of each person, one for whoever is new or gone."""
    yield [_("Row"), _("Person"), _("Employee number"), _("What happens"), _("Field"), _("Before"), _("After")]
    for change in plan.new:
        yield [change.row, *_whose(change.member), _("new"), "", "", ""]
    for happens, changes in ((_("back"), plan.back), (_("changed"), [*plan.changed, *plan.freed])):
        for change in changes:
            for difference in differences_of(change):
                yield [change.row, *_whose(change.member), happens, *difference]
    for member in plan.gone:
        yield ["", *_whose(member), _("gone"), "", "", ""]


def _whose(member: Member) -> list[str]:
    return [member.full_name, member.employee_number or ""]
