"""A fresh machine lacks no program: each is asked for through `scripts/programs.py`, which also installs them."""

import ast
from pathlib import Path

import programs
import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [
    *(path for folder in ("scripts", "tests") for path in (ROOT / folder).rglob("*.py")),
    *(path for path in (ROOT / "src").rglob("*.py") if "tests" in path.parts),
    ROOT / "conftest.py",
]


def started_by_name(source):
    """The lines where a process is started from a text, so that the program's name is written there."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        is_start = isinstance(node, ast.Call) and ast.unparse(node.func) in ("subprocess.run", "subprocess.Popen")
        if is_start and node.args:
            command = node.args[0]
            first = command.elts[0] if isinstance(command, ast.List | ast.Tuple) and command.elts else command
            is_split = isinstance(first, ast.Call) and ast.unparse(first.func).endswith(".split")
            if isinstance(first, ast.Constant | ast.JoinedStr) or is_split:
                yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_program_is_started_past_the_list(path):
    assert list(started_by_name(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("line", ['["qpdf", "--check"]', '"qpdf --check".split()', 'f"qpdf {x}"', '(["qpdf"])'])
def test_a_program_that_is_started_past_the_list_is_noticed(line):
    assert list(started_by_name(f"import subprocess\nsubprocess.run({line})")) == [2]


def test_every_program_in_the_list_is_there():
    assert [name for name in programs.PACKAGES if not Path(programs.program(name)).exists()] == []


def test_a_missing_program_is_told_with_its_package(monkeypatch):
    monkeypatch.setattr(programs, "_path_of", lambda _name: None)
    with pytest.raises(
        programs.MissingProgram, match=r"“qpdf” was not found. Install it \(Debian: apt-get install qpdf\)"
    ):
        programs.program("qpdf")


def test_a_program_that_nobody_would_install_can_not_be_asked_for():
    with pytest.raises(KeyError):
        programs.program("a-program-of-my-own-machine")
