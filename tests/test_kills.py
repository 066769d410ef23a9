"""A kill between any two steps of what people must be able to rely on loses nothing and doubles nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DIE = "import sys, django; django.setup(); from tests.dying import main; main(sys.argv[1])"


@pytest.mark.parametrize("story", ["completing a course", "closing a half-day", "signing a document"])
def test_a_kill_before_any_commit_loses_and_doubles_nothing(own_database, story):
    done = subprocess.run(
        [sys.executable, "-c", DIE, story], env=own_database, cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout.split()[-2]) >= 10
