"""docs/rules.md says what the code does: its numbers, its limits of tries, its permissions, and that a file's form is among them."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from milepost.people.limits import DAY, HOUR, MINUTE, limits
from milepost.people.permissions import all_permissions
from milepost.people.roles import Role
from tests.test_security_documents import NAMED, is_there

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs/rules.md").read_text()
UNITS = {
    "": 1,
    "kB": 1 << 10,
    "MB": 1 << 20,
    "GB": 1 << 30,
    "s": 1,
    "minutes": 60,
    "hours": 3600,
    "hour": 3600,
    "days": 86_400,
    "day": 86_400,
}
NUMBERS = re.findall(r"\| ([\d,]+) ?(\w*) \| `(milepost[\w.]+):(\w+)` \|", DOCUMENT)


@pytest.mark.parametrize(("count", "unit", "module", "name"), NUMBERS, ids=[f"{m}:{n}" for *_r, m, n in NUMBERS])
def test_a_number_is_the_one_in_the_code(count, unit, module, name):
    value = getattr(import_module(module), name)
    seconds_or_bytes = value.total_seconds() if isinstance(value, timedelta) else value
    assert int(count.replace(",", "")) * UNITS[unit] == seconds_or_bytes


def test_each_limit_of_tries_is_told_with_its_rates():
    told, name = {}, ""
    spans = {"a minute": MINUTE, "five minutes": 5 * MINUTE, "an hour": HOUR, "a day": DAY}
    for label, count, span, whose in re.findall(
        r"^\|([^|]*)\| ([\d,]+) \| (an? \w+|five minutes) \| (\w+) \|$", DOCUMENT, re.M
    ):
        name = label.partition("`")[2].partition("`")[0] or name
        told.setdefault(name, []).append((int(count.replace(",", "")), spans[span], whose))
    assert told == {name: [(r.count, r.seconds, str(r.per)) for r in limit.rates] for name, limit in limits.items()}


def test_each_permission_is_told_with_the_roles_that_carry_it():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*?) ?\| (•?) ?\|$", DOCUMENT, re.MULTILINE)
    told = {name: (about, [r for r in roles.split(", ") if r], bool(reads)) for name, about, roles, reads in rows}
    assert told == {
        permission.name: (str(permission.about), [Role(role).value for role in permission.roles], permission.reads)
        for permission in all_permissions()
        if permission.name != "see_visits"  # of a room that tests bring
    }


def test_every_bound_of_a_file_in_the_code_is_told():
    """Each view or form that takes a file has one, called so."""
    bounds = set()
    for path in (ROOT / "src/milepost").rglob("*.py"):
        if "tests" not in path.parts:
            module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
            found = re.findall(r"^(MAX_(?:\w+_)?FILE|MAX_LOGO_BYTES|MAX_LOG)\b", path.read_text(), re.MULTILINE)
            bounds |= {(module, name) for name in found}
    assert bounds <= {(module, name) for _count, _unit, module, name in NUMBERS}


def test_each_test_that_it_names_is_there():
    assert [name for name in NAMED.findall(DOCUMENT) if not is_there(*name)] == []
