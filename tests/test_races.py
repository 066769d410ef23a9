"""What happens once happens once, whoever presses at the same moment: thirty pairs of real connections for each verb."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.races import RACES

ROOT = Path(__file__).parent.parent
RACE = "import sys, django; django.setup(); from tests.races import main; main(sys.argv[1])"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
@pytest.mark.parametrize("race", RACES)
def test_of_two_at_once_each_finds_what_the_other_did(own_database, race):
    done = subprocess.run(
        [sys.executable, "-c", RACE, race], env=own_database, cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "30 of 30 pairs right" in done.stdout
