"""What may be wrong with an action or a person in a declaration: what it lacks in words, and where that is typed."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from milepost.people.models import Organisation


@dataclass(frozen=True)
class Sort:
    """A sort of problem. `page` is the name of the address where it is mended; the person's, if it is about one."""

    words: str | Promise
    page: str


ABOUT_ACTION, ABOUT_PERSON = "action_described", "trainee_described"

SORTS: Mapping[str, Sort] = {
    "not-described": Sort(_("Nothing was said yet of what the action is for declarations."), ABOUT_ACTION),
    "no-funding": Sort(_("Who pays is missing."), ABOUT_ACTION),
    "no-objective": Sort(_("What the training leads to is missing."), ABOUT_ACTION),
    "no-speciality": Sort(_("The speciality (NSF code) is missing."), ABOUT_ACTION),
    "no-certification": Sort(_("The RNCP or RS code is missing."), ABOUT_ACTION),
    "not-invoiced": Sort(_("What was invoiced is missing: the action is over."), ABOUT_ACTION),
    "no-health-topic": Sort(_("Whether it belongs in the passeport de prévention was not said."), ABOUT_ACTION),
    "no-category": Sort(_("What the person is (employee, job seeker …) is missing."), ABOUT_PERSON),
    "no-cpf-number": Sort(_("The number of the CPF file is missing."), ABOUT_PERSON),
    "never-began": Sort(_("No hour is proven: the entry can’t be declared."), "action_person"),
    "no-certificate": Sort(
        _("There is no certificate: nothing attests that the training was followed to its end."), "action_person"
    ),
    "twice": Sort(_("The same hours lie in another action, too; they are counted there."), "action_person"),
    "no-number": Sort(
        _("The employee number is missing, by which payroll adds the social security number."), "action_person"
    ),
}


@dataclass(frozen=True)
class Problem:
    """One problem, as a page shows it."""

    reference: str
    name: str
    words: str
    link: str


def problems_of(organisation: Organisation, kept: list[dict[str, str]]) -> list[Problem]:
    """Those that a draft keeps, in words, with where each is mended."""
    return [_problem(organisation, row) for row in kept if row["code"] in SORTS]


def _problem(organisation: Organisation, row: dict[str, str]) -> Problem:
    sort = SORTS[row["code"]]
    page = [organisation.slug, row["action"]]
    if sort.page != ABOUT_ACTION:
        page.append(row["person"])
    return Problem(row["reference"], row.get("name", ""), str(sort.words), reverse(sort.page, args=page))
