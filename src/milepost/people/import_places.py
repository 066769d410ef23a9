"""Sites and departments that an HR file names: the one that is meant, which it would make, and making them.

A file that writes “Orleans” for “Orléans” would make a second site. So what it would make is shown before, with the nearest of
those there are, and whoever imports may say that this one is meant.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from milepost.people.models import Department, Organisation, RoleGrant, Site, plain

SITE, DEPARTMENT = "site", "department"
NAME_LENGTH = 120
PATH_LENGTH = 600  # of a department, from the root
SEPARATORS = r"[>\\|/]"
"""What files put between a department and the one below it."""
LIKE = 0.8  # of `difflib`: one wrong letter in five
MOST_COMPARED = 40_000_000  # pairs of letters: a second; in a file with more or longer new names nothing is near


@dataclass(frozen=True)
class NewPlace:
    """A site or department that the file names and that is not there yet."""

    kind: str
    name: str
    people: int
    near: str
    """The nearest of those there are, “” where none is like it."""
    meant: str
    """Which of those there are somebody said is meant, “” as long as it is to be made."""

    @property
    def question(self) -> str:
        """The key under which `meant` is answered."""
        return question_of(self.kind, self.name)


def question_of(kind: str, name: str) -> str:
    """The key of the answer to which site or department is meant by a name."""
    return f"{kind}:{name.casefold()}"


def department_path(text: str) -> str:
    """A department as its path from the root: names joined with ' / ' whatever the file puts between them."""
    parts = (part.strip() for part in re.split(SEPARATORS, text))
    return " / ".join(part for part in parts if part)


def too_long_part(path: str) -> str:
    """The first name in the path that is longer than one may be, “” where none is."""
    return next((part for part in path.split(" / ") if len(part) > NAME_LENGTH), "")


class Places:
    """The sites and departments of an organisation, read once, and the names by which a file calls them."""

    def __init__(self, organisation: Organisation, answers: Mapping[str, str]) -> None:
        sites = Site.objects.filter(organisation=organisation).values_list("name", flat=True)
        departments = Department.objects.filter(organisation=organisation).values_list("path", flat=True)
        self.known = {
            SITE: {name.casefold(): name for name in sites},
            DEPARTMENT: {path.casefold(): path for path in departments},
        }
        self._answers = answers
        self._named: dict[str, Counter[str]] = {SITE: Counter(), DEPARTMENT: Counter()}
        self._written: dict[tuple[str, str], str] = {}

    def meant(self, kind: str, name: str) -> str:
        """The name of the site, or the path of the department, that a row means by what it says."""
        key, known = name.casefold(), self.known[kind]
        if not name or key in known:
            return known.get(key, name)
        self._written.setdefault((kind, key), name)
        self._named[kind][key] += 1
        return known.get(self._answers.get(question_of(kind, name), "").casefold(), self._written[kind, key])

    def new(self) -> list[NewPlace]:
        """What rows named until now that is not there, whether it is to be made or another one is meant."""
        return [
            NewPlace(kind, name, people, self._nearest(kind, name), self._meant_by(kind, name))
            for kind, named in self._named.items()
            for key, people in sorted(named.items())
            if (name := self._written[kind, key])
        ]

    def _meant_by(self, kind: str, name: str) -> str:
        return self.known[kind].get(self._answers.get(question_of(kind, name), "").casefold(), "")

    def _letters_named(self, kind: str) -> int:
        return sum(map(len, self._named[kind]))

    def _letters_known(self, kind: str) -> int:
        return sum(map(len, self.known[kind]))

    def _nearest(self, kind: str, name: str) -> str:
        if self._letters_named(kind) * self._letters_known(kind) > MOST_COMPARED:
            return ""
        by_word = {_word(known): known for known in self.known[kind].values()}
        near = get_close_matches(_word(name), by_word, n=1, cutoff=LIKE)
        return by_word[near[0]] if near else ""


def _word(name: str) -> str:
    """A name without what people leave out: case, accents, blanks and hyphens."""
    return re.sub(r"[\s.,'’_-]+", "", plain(name))


@dataclass
class Made:
    """The sites and departments that were made, by their keys."""

    sites: list[int]
    departments: list[int]


class Making:
    """Makes the sites and departments that are not there when the file is imported. Paths bring those above them along."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._sites = {site.name.casefold(): site for site in Site.objects.filter(organisation=organisation)}
        departments = Department.objects.filter(organisation=organisation)
        self._departments = {department.path.casefold(): department for department in departments}
        self.made = Made([], [])

    def site(self, name: str) -> Site | None:
        """The site of that name, made where there is none; None for no name."""
        if not name:
            return None
        if name.casefold() not in self._sites:
            site = self._sites[name.casefold()] = Site.objects.create(organisation=self._organisation, name=name)
            self.made.sites.append(site.pk)
        return self._sites[name.casefold()]

    def department(self, path: str) -> Department | None:
        """The department of that path, made with those above it where there is none; None for no path."""
        if not path:
            return None
        if path.casefold() not in self._departments:
            above, _slash, name = path.rpartition(" / ")
            parent = self.department(above)
            made = Department.objects.create(organisation=self._organisation, parent=parent, name=name, path=path)
            self._departments[path.casefold()] = made
            self.made.departments.append(made.pk)
        return self._departments[path.casefold()]


def unused(made: Made) -> tuple[list[int], list[int]]:
    """Those of the sites and departments made by an import that nothing refers to by now, the lowest departments first."""
    departments: list[int] = []
    for key in sorted(made.departments, reverse=True):  # one is made after those above it
        departments += _unreferred(Department, DEPARTMENT, [key], but_for=departments)
    return _unreferred(Site, SITE, made.sites), departments


def _unreferred(
    model: type[Site] | type[Department], scope: str, keys: Iterable[int], but_for: Iterable[int] = ()
) -> list[int]:
    left = set(keys) - set(
        RoleGrant.objects.filter(scope=scope, scope_key__in=keys).values_list("scope_key", flat=True)
    )
    for relation in model._meta.related_objects:
        rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": left})
        if relation.related_model is model:
            rows = rows.exclude(pk__in=list(but_for))
        left -= set(rows.values_list(relation.field.name, flat=True))
    return sorted(left)
