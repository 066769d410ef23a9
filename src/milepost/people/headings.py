"""Which column of an HR file is what: guesses from English and French headings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import yaml
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from milepost.people.models import plain

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # every process reads headings as it starts; the second is slow


@dataclass(frozen=True)
class Field:
    """Something about a person that a column can hold, and the headings that people give it."""

    name: str
    label: str | Promise
    headings: tuple[str, ...]


def read_headings(name: str, of: str) -> dict[str, tuple[str, ...]]:
    """The headings by field from the YAML file `name` that lies beside the module `of`."""
    content = files(of).joinpath(name).read_text(encoding="utf-8")
    return {field: tuple(headings) for field, headings in yaml.load(content, _LOADER).items()}  # noqa: S506 (a safe one)


_HEADINGS = read_headings("headings.yaml", "milepost.people")
FIELDS = (
    Field("employee_number", _("Employee number"), _HEADINGS["employee_number"]),
    Field("email", _("E-mail"), _HEADINGS["email"]),
    Field("given_name", _("Given name"), _HEADINGS["given_name"]),
    Field("family_name", _("Family name"), _HEADINGS["family_name"]),
    Field("site", _("Site"), _HEADINGS["site"]),
    Field("department", _("Department"), _HEADINGS["department"]),
    Field("seniority", _("Seniority"), _HEADINGS["seniority"]),
    Field("job_title", _("Job title"), _HEADINGS["job_title"]),
    Field("manager", _("Manager"), _HEADINGS["manager"]),
    Field("hire_date", _("Hire date"), _HEADINGS["hire_date"]),
    Field("left_on", _("Leaving date"), _HEADINGS["left_on"]),
    Field("relation", _("Relation"), _HEADINGS["relation"]),
    Field("language", _("Language"), _HEADINGS["language"]),
    Field("time_zone", _("Time zone"), _HEADINGS["time_zone"]),
)
FIELD_NAMES = frozenset(field.name for field in FIELDS)


def normal(heading: str) -> str:
    """A heading without case, accents and punctuation."""
    return re.sub(r"[^a-z0-9]+", " ", plain(heading.replace("°", " "))).strip()


def guess_mapping(header: Sequence[str], fields: Sequence[Field] = FIELDS) -> dict[str, int]:
    """For each field the index of the column that holds it; fields without a likely column are left out.

    An exact heading wins over a heading that only starts with a known one; no column serves two fields.
    """
    headings = [normal(heading) for heading in header]
    mapping: dict[str, int] = {}
    for is_exact in (True, False):
        for field in fields:
            if field.name in mapping:
                continue
            for index, heading in enumerate(headings):
                if index not in mapping.values() and heading and _fits(heading, field, is_exact=is_exact):
                    mapping[field.name] = index
                    break
    return mapping


def _fits(heading: str, field: Field, *, is_exact: bool) -> bool:
    if is_exact:
        return heading in field.headings
    return any(heading.startswith(known + " ") for known in field.headings if len(known) > 3)
