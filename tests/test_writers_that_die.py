"""A writer that is killed between any two steps, rolled back or cut off has nobody say that an entry was removed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.thorough import IS_THOROUGH

ROOT = Path(__file__).parent.parent
DIE = "import sys; from milepost.core.starting import set_up; set_up(); from tests.writers_that_die import main; main(int(sys.argv[1]))"


@pytest.mark.each_day_on("postgresql")
def test_writers_that_are_killed_raise_no_alarm(own_database):
    kills = 100 if IS_THOROUGH else 12
    done = subprocess.run(
        [sys.executable, "-c", DIE, str(kills)], env=own_database, cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["entries"] > kills
