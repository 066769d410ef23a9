import sqlite3
import subprocess
import sys

from running import clean_environment


def milepost(folder, *arguments):
    environment = clean_environment(MILEPOST_DATA=str(folder), MILEPOST_SECRET_KEY="only-for-tests-" + "x" * 40)
    command = [sys.executable, "-m", "milepost.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_database_of_an_unreleased_state_is_refused_in_words_and_left_as_it_was(tmp_path):
    """As it was when statements named organisations by a key of the database: with an entry, and no column for its type."""
    file = tmp_path / "milepost.sqlite3"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE journal_entry (id integer PRIMARY KEY, organisation_id bigint, statement text)")
        database.execute("INSERT INTO journal_entry VALUES (1, 1, '{\"organisation\": 1}')")
    done = milepost(tmp_path, "migrate")
    assert done.returncode == 1
    assert "made by an unreleased state of Milepost" in done.stderr
    assert "Traceback" not in done.stderr
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("journal_entry",)]
        assert database.execute("SELECT count(*) FROM journal_entry").fetchone() == (1,)
