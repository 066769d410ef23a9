"""Which column of an HR file is what: guesses from English and French headings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from milepost.people.models import plain


@dataclass(frozen=True)
class Field:
    """Something about a person that a column can hold, and the headings that people give it."""

    name: str
    label: str | Promise
    headings: tuple[str, ...]


FIELDS = (
    Field("employee_number", _("Employee number"), ("employee number", "employee id", "employee no", "personnel number", "staff id", "staff number", "person id", "payroll number", "id", "matricule", "numero matricule", "numero employe", "numero de salarie", "identifiant", "code salarie", "n matricule")),
    Field("email", _("E-mail"), ("email", "e mail", "mail", "email address", "work email", "e mail address", "courriel", "adresse mail", "adresse email", "adresse e mail", "adresse electronique", "email professionnel", "mail professionnel")),
    Field("given_name", _("Given name"), ("given name", "first name", "firstname", "forename", "prenom", "prenom usuel")),
    Field("family_name", _("Family name"), ("family name", "last name", "lastname", "surname", "nom", "nom de famille", "nom usuel", "nom d usage")),
    Field("site", _("Site"), ("site", "location", "office", "workplace", "work location", "plant", "branch", "etablissement", "lieu de travail", "lieu", "localisation", "agence")),
    Field("department", _("Department"), ("department", "dept", "department path", "team", "unit", "business unit", "organisational unit", "service", "departement", "direction", "equipe", "unite")),
    Field("seniority", _("Seniority"), ("seniority", "level", "grade", "career level", "anciennete", "niveau", "echelon", "classification")),
    Field("job_title", _("Job title"), ("job title", "title", "position", "job", "role", "function", "poste", "intitule de poste", "intitule du poste", "fonction", "emploi")),
    Field("manager", _("Manager"), ("manager", "manager id", "manager number", "manager email", "manager employee number", "reports to", "line manager", "supervisor", "responsable", "matricule responsable", "matricule manager", "responsable hierarchique", "n 1", "superieur", "email manager")),
    Field("hire_date", _("Hire date"), ("hire date", "hired", "start date", "date hired", "entry date", "joining date", "date d embauche", "date embauche", "embauche", "date d entree", "date entree", "date arrivee")),
    Field("left_on", _("Leaving date"), ("leaving date", "left on", "end date", "exit date", "termination date", "date de sortie", "date sortie", "date de depart", "date depart", "date de fin")),
    Field("relation", _("Relation"), ("relation", "type", "worker type", "employment type", "person type", "type de relation", "statut", "type de contrat", "categorie")),
    Field("language", _("Language"), ("language", "lang", "preferred language", "locale", "langue", "langue preferee")),
    Field("time_zone", _("Time zone"), ("time zone", "timezone", "tz", "fuseau", "fuseau horaire")),
)  # fmt: skip
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
