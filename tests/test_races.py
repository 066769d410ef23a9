"""What happens once happens once, whoever presses at the same moment: pairs of real connections for each verb."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.races import RACES

ROOT = Path(__file__).parent.parent
SERVE = (
    "import sys; sys.path.append('scripts'); "
    "from milepost.core.starting import set_up; set_up(); from tests.races import main; main()"
)


@pytest.fixture(scope="module")
def racecourse(module_database):
    """A process that runs a race for each name that is written to it: starting one takes longer than most races."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env=module_database,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.mark.mostly_on_postgresql  # SQLite lets one writer in at a time
@pytest.mark.parametrize("race", RACES)
def test_of_two_at_once_each_finds_what_the_other_did(racecourse, race):
    racecourse.stdin.write(race + "\n")
    racecourse.stdin.flush()
    told = json.loads(racecourse.stdout.readline())
    turns = RACES[race].turns
    assert told.startswith(f"{turns} of {turns} pairs right"), told
