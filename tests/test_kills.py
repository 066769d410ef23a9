"""A kill between any two steps of what people must be able to rely on loses nothing and doubles nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from milepost.documents.tests.csc_server import CLIENT, PIN, SECRET, Provider
from tests.thorough import IS_THOROUGH

STEPS = {"taking a receipt": 3}  # at least, where a story has few commits
ROOT = Path(__file__).parent.parent
DIE = "import sys; from milepost.core.starting import set_up; set_up(); from tests.dying import main; main(sys.argv[1], is_thorough=bool(sys.argv[2:]))"


# What a verb commits is the same on both databases, and so is what goes on after a kill: each day a story is lived on one.
@pytest.mark.parametrize(
    "story",
    [
        pytest.param("completing a course", marks=pytest.mark.each_day_on("sqlite")),
        pytest.param("closing a half-day", marks=pytest.mark.each_day_on("postgresql")),
        pytest.param("taking a receipt", marks=pytest.mark.each_day_on("postgresql")),
        pytest.param("bringing a receipt", marks=pytest.mark.each_day_on("postgresql")),
        pytest.param("replacing an attestation", marks=pytest.mark.each_day_on("postgresql")),
        pytest.param("drawing up a declaration", marks=pytest.mark.each_day_on("postgresql")),
    ],
)
def test_a_kill_before_any_commit_loses_and_doubles_nothing(own_database, story):
    assert kills_lived_through(own_database, story) >= STEPS.get(story, 10)


@pytest.mark.skipif(
    not IS_THOROUGH, reason="its steps are those of the stories above, and of a decision, which is one transaction"
)
def test_so_it_is_when_somebody_decides_about_a_doubt(own_database):
    assert kills_lived_through(own_database, "deciding about a doubt") >= 10


@pytest.mark.each_day_on("sqlite")
def test_so_it_is_while_an_authority_dates_what_is_signed(own_database, authority):
    address, _folder = authority
    assert kills_lived_through(own_database | {"MILEPOST_TIMESTAMP_URL": address}, "signing a document") >= 10


@pytest.mark.each_day_on("postgresql")
def test_so_it_is_while_a_provider_seals_a_paper(own_database):
    with Provider().serving() as address:
        csc = {"URL": f"{address}/csc/v2", "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "PIN": PIN}
        environment = own_database | {f"MILEPOST_CSC_{name}": value for name, value in csc.items()}
        assert kills_lived_through(environment, "having a paper sealed by a provider") >= 6


def kills_lived_through(environment, story):
    """How many commits the story has; killed before every fourth of them (`make thorough`: each), everything was there once."""
    command = [sys.executable, "-c", DIE, story, *(["all"] if IS_THOROUGH else [])]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    return int(done.stdout.split()[-2])
