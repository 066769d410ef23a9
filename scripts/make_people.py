"""Write examples/people.csv: 240 invented people of Aldermoor on 4 sites; the same file on every run."""

import csv
import random
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

TARGET = Path(__file__).parent.parent / "examples/people.csv"
NAMES = {
    "Lyon": ("fr", "Camille Julien Manon Hugo Chloé Antoine Léa Mathis Inès Théo Zoé Romain Élise Karim Nadia Pauline Bastien Aïcha Lucas Margaux", "Martin Bernard Dubois Moreau Laurent Girard Roux Fournier Mercier Blanc Guérin Faure Rousseau Benali Chevalier Gauthier Perrin Morel"),
    "Lille": ("fr", "Sophie Maxime Jeanne Adrien Louise Clément Sarah Victor Amélie Yanis Justine Quentin Hélène Omar Clara Florian Mélanie Simon", "Lefebvre Leroy Petit Dupont Lambert Bonnet François Legrand Garnier Vasseur Delattre Carpentier Descamps Haddad Wagner Lemaire Caron Deprez"),
    "Turin": ("en", "Giulia Marco Chiara Luca Francesca Matteo Elena Davide Sara Andrea Martina Simone Valentina Paolo Irene Stefano Alice Pietro", "Rossi Ferrero Bruno Gallo Costa Fontana Conti Marino Greco Barbieri Rinaldi Ferrari Colombo Ricci Moretti Villa Serra Fiore"),
    "Oslo": ("en", "Ingrid Jonas Astrid Magnus Sigrid Henrik Nora Lars Emma Sindre Solveig Eirik Maja Håkon Ida Øyvind Kari Tobias", "Hansen Nygård Olsen Berg Haugen Lund Dahl Solberg Moen Strand Bakke Eide Sørensen Vik Hauge Lie Holm Aasen"),
}  # fmt: skip
SIZES = {"Lyon": 92, "Turin": 62, "Lille": 48, "Oslo": 38}
DEPARTMENTS = {
    "Operations / Production": (0.30, ("Machine operator", "Team leader", "Process technician")),
    "Operations / Logistics": (0.17, ("Warehouse worker", "Forklift driver", "Dispatcher")),
    "Operations / Maintenance": (0.10, ("Electrician", "Maintenance technician")),
    "Commercial / Sales": (0.14, ("Account manager", "Sales assistant")),
    "Commercial / Customer service": (0.09, ("Service agent", "Service agent")),
    "Finance": (0.07, ("Accountant", "Controller")),
    "People": (0.05, ("HR partner", "Training manager")),
    "Technology": (0.08, ("Software engineer", "IT support")),
}
SENIORITIES = (("Junior", 0.3), ("Experienced", 0.45), ("Senior", 0.2), ("Executive", 0.05))
HEADER = [
    "Employee number",
    "Given name",
    "Family name",
    "E-mail",
    "Site",
    "Department",
    "Seniority",
    "Job title",
    "Manager",
    "Hire date",
    "Relation",
    "Language",
]
FIRST = (
    ("A0001", "Ellen", "Aldermoor", "Lyon", "Management", "Executive", "Managing director", "", "2009-04-01", "en"),
    ("A0002", "Claire", "Fontaine", "Lyon", "People", "Senior", "Training manager", "A0001", "2014-09-01", "fr"),
    ("A0003", "Ravi", "Menon", "Turin", "People", "Senior", "HR partner", "A0001", "2017-02-01", "en"),
    ("A0004", "Jonas", "Nygård", "Oslo", "Operations / Logistics", "Experienced", "Warehouse worker", "A0005", "2021-05-10", "en"),
    ("A0005", "Astrid", "Solheim", "Oslo", "Operations / Logistics", "Senior", "Site manager", "A0001", "2013-01-07", "en"),
    ("A0006", "Marie", "Delcourt", "Lille", "Operations / Production", "Senior", "Site manager", "A0001", "2012-06-04", "fr"),
    ("A0007", "Enzo", "Ferraris", "Turin", "Operations / Production", "Senior", "Site manager", "A0001", "2011-03-14", "en"),
    ("A0008", "Luc", "Marchetti", "Lyon", "Operations / Production", "Senior", "Site manager", "A0001", "2010-10-18", "fr"),
)  # fmt: skip


def main() -> None:
    chance = random.Random(20261123)
    taken: set[str] = set()
    names = {(person[1], person[2]) for person in FIRST}
    rows = [_row(taken, person) for person in FIRST]
    heads = {"Lyon": "A0008", "Lille": "A0006", "Turin": "A0007", "Oslo": "A0005"}
    leads: dict[str, list[str]] = {site: [head] for site, head in heads.items()}
    number = len(FIRST)
    for site, size in SIZES.items():
        language, given, family = NAMES[site]
        for _ in range(size - sum(row[4] == site for row in rows)):
            number += 1
            key = f"A{number:04}"
            department = chance.choices(list(DEPARTMENTS), [share for share, _jobs in DEPARTMENTS.values()])[0]
            seniority = chance.choices([name for name, _ in SENIORITIES], [share for _, share in SENIORITIES])[0]
            hired = date(2026, 10, 1) - timedelta(days=int(chance.expovariate(1 / 1600)))
            manager = chance.choice(leads[site])
            if seniority in ("Senior", "Executive") and len(leads[site]) < 8:
                leads[site].append(key)
            name = _new_name(names, given.split(), family.split(), chance)
            job = chance.choice(DEPARTMENTS[department][1])
            person = (key, *name, site, department, seniority, job, manager, hired.isoformat(), language)
            rows.append(_row(taken, person))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])


def _new_name(
    names: set[tuple[str, str]], given: list[str], family: list[str], chance: random.Random
) -> tuple[str, str]:
    """A name that nobody has yet."""
    while (name := (chance.choice(given), chance.choice(family))) in names:
        pass
    names.add(name)
    return name


def _row(taken: set[str], person: Sequence[str]) -> list[str]:
    """A row for the HEADER: the person as in FIRST, with an address that nobody has yet and their relation."""
    number, given, family, *work, language = person
    local = plain = f"{_ascii(given)}.{_ascii(family)}"
    count = 1
    while local in taken:
        count += 1
        local = f"{plain}{count}"
    taken.add(local)
    return [number, given, family, f"{local}@aldermoor.example", *work, "employee", language]


def _ascii(name: str) -> str:
    text = unicodedata.normalize("NFKD", name.lower().replace("ø", "o").replace("å", "a").replace("æ", "ae"))
    return "".join(character for character in text if character.isalpha() and character.isascii())


if __name__ == "__main__":
    main()
