"""What docs say is tested is tested: each test that they name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["threat-model.md", "security.md"]
NAMED = re.compile(r"`((?:src|tests)/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_test_that_a_document_names_is_there(name):
    named = NAMED.findall((ROOT / "docs" / name).read_text())
    missing = [f"{file}::{test}" for file, test in named if not is_there(file, test)]
    assert missing == []
    assert len(named) > 30


def is_there(file: str, test: str) -> bool:
    path = ROOT / file
    return path.exists() and (not test or re.search(rf"^def {test}\(", path.read_text(), re.MULTILINE) is not None)


def test_the_table_has_each_requirement_of_the_two_levels_once_and_says_how_or_why_not():
    """253 of ASVS 5.0.0: 70 of level 1, 183 of level 2."""
    rows = re.findall(
        r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \|$",
        (ROOT / "docs/security.md").read_text(),
        re.MULTILINE,
    )
    assert len(rows) == len({number for number, *_rest in rows}) == 253
    assert [level for _number, level, *_rest in rows].count("1") == 70
    for number, _level, gist, how in rows:
        standing, _colon, words = how.strip().partition(": ")
        assert standing in ("met", "open", "not here"), number
        assert len(gist.strip()) > 3, number
        assert len(words) > 8, number


def test_the_numbers_of_each_chapter_are_those_of_its_lines():
    text = (ROOT / "docs/security.md").read_text()
    lines = re.findall(r"^\| (\d+)\.\d+\.\d+ \| [12] \| [^|]+ \| (met|open|not here): ", text, re.MULTILINE)
    told = re.findall(r"^\| (?:V(\d+) [^|]+|all 253) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert len(told) == 18
    for chapter, *numbers in told:
        counted = [standing for number, standing in lines if chapter in ("", number)]
        assert [counted.count(standing) for standing in ("met", "open", "not here")] == list(map(int, numbers)), chapter
