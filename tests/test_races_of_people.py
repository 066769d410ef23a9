"""Two who press at the same instant never pass each other's checks, on either database (`races_of_people.py` has the stories)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RACE = "import sys, django; django.setup(); from tests.races_of_people import main; main(sys.argv[1])"


@pytest.mark.parametrize(
    "story", ["two owners", "an owner no more", "one role given twice", "an invitation accepted twice"]
)
def test_two_at_once_end_as_one_after_the_other_would(own_database, story):
    done = subprocess.run(
        [sys.executable, "-c", RACE, story], env=own_database, cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.endswith("15 rounds\n")
