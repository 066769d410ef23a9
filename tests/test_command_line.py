"""The forms of `milepost` that are a contract, run as a person runs them."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import programs
import pytest
from running import free_port

from tests import prepared_databases

ROOT = Path(__file__).parent.parent
CLI = [sys.executable, "-m", "milepost.cli"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(prepared_databases.migrated_folder(), folder, dirs_exist_ok=True)
    assert run(folder, "organisation", "create", "acme", "--name", "Acme", "--owner", "anna.berg@acme.example")[0] == 0
    return folder


def run(home, *words, **variables):
    environment = (
        {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")}
        | {"MILEPOST_DATA": str(home)}
        | variables
    )
    done = subprocess.run(
        [*CLI, *map(str, words)], capture_output=True, text=True, env=environment, cwd=ROOT, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def contents(folder):
    """Every file below the folder, by its path in it."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_help_reads_well_and_needs_no_settings(tmp_path):
    status, out, _err = run(tmp_path / "nowhere", "--help")
    assert status == 0
    for command in ("up", "migrate", "demo", "organisation", "people", "course", "journal"):
        assert f"  {command}" in out
    assert not (tmp_path / "nowhere").exists()


def test_without_its_tables_or_its_database_a_command_says_what_to_do(tmp_path):
    status, _out, err = run(tmp_path, "action", "list", "--organisation", "acme")
    assert (status, err) == (1, "Error: The database is not ready for this version. Run: milepost migrate\n")
    nowhere = {"MILEPOST_DATABASE_URL": "postgresql://milepost@127.0.0.1:9/milepost", "MILEPOST_SECRET_KEY": "x" * 50}
    status, _out, err = run(tmp_path, "action", "list", "--organisation", "acme", **nowhere)
    assert status == 1
    assert err.startswith("Error: The database can’t be used: connection")


def test_an_address_that_is_taken_or_kept_is_refused(home):
    assert "already an organisation" in run(home, "organisation", "create", "acme", "--name", "X")[2]
    status, _out, err = run(home, "organisation", "create", "static", "--name", "X")
    assert (status, "keeps for itself" in err) == (1, True)


def test_people_are_imported_dry_then_really_then_not_again(home):
    words = ("people", "import", ROOT / "examples/people.csv", "--organisation", "acme")
    assert "240 new" in run(home, *words, "--dry-run")[1]
    assert "240 new" in run(home, *words)[1]
    assert "0 new, 0 changed, 0 back, 0 gone, 240 as they were." in run(home, *words)[1]


def test_a_file_of_one_row_is_no_complete_company_unless_somebody_says_how_many_leave(home, tmp_path):
    words = ("people", "import", ROOT / "examples/people.csv", "--organisation", "acme")
    run(home, *words)
    heading, first, *_rest = (ROOT / "examples/people.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "one.csv").write_text(f"{heading}\n{first}\n", encoding="utf-8")
    one = ("people", "import", tmp_path / "one.csv", "--organisation", "acme", "--complete")
    gone = int(run(home, *one, "--dry-run")[1].partition(" gone")[0].rpartition(" ")[2])
    assert gone > 200
    for few in ((), ("--leavers", str(gone - 1))):
        status, _out, err = run(home, *one, *few)
        assert (status, f"{gone} of 241 people would leave; nothing was changed." in err) == (1, True), err
        assert run(home, *one, *few, "--dry-run")[0] == 1
    assert run(home, *one, "--leavers", str(gone), "--dry-run")[0] == 0
    assert f"{gone} gone" in run(home, *one, "--leavers", str(gone))[1]


def test_whose_number_it_is_has_to_be_said(home, tmp_path):
    heading = "Employee number,First name,Last name,Email\n"
    for name, row in {"a": "77,Anna,Berg,anna@acme.example", "b": "77,Otto,Holm,otto@acme.example"}.items():
        (tmp_path / f"{name}.csv").write_text(f"{heading}{row}\n")
    words = ("people", "import", "--organisation", "acme")
    run(home, *words, tmp_path / "a.csv")
    status, _out, err = run(home, *words, tmp_path / "b.csv")
    assert status == 1
    assert "Row 2: 77 was Anna Berg anna@acme.example, and would be Otto Holm otto@acme.example." in err
    both = run(home, *words, tmp_path / "b.csv", "--other", "77", "--same", "77")
    assert (both[0], "Both --same and --other of 77." in both[2]) == (1, True)
    assert "1 new, 0 changed" in run(home, *words, tmp_path / "b.csv", "--other", "77")[1]


def test_a_broken_file_is_refused_with_row_and_column(home, tmp_path):
    (tmp_path / "bad.csv").write_text("Email,First name,Last name\nbroken,Anna,Berg\n")
    status, _out, err = run(home, "people", "import", tmp_path / "bad.csv", "--organisation", "acme")
    assert status == 1
    assert "Row 2, Email" in err


def test_an_unknown_organisation_is_told_with_those_there_are(home):
    status, _out, err = run(home, "people", "import", ROOT / "examples/people.csv", "--organisation", "nobody")
    assert (status, "acme" in err) == (1, True)


def test_a_course_goes_in_is_published_and_comes_out_the_same(home, tmp_path):
    folder = ROOT / "examples/courses/fire-safety"
    assert run(home, "course", "check", folder)[0] == 0
    assert run(home, "course", "import", folder, "--organisation", "acme")[0] == 0
    assert "version 1" in run(home, "course", "publish", "fire-safety", "--organisation", "acme")[1]
    assert "nothing has changed" in run(home, "course", "publish", "fire-safety", "--organisation", "acme")[1]
    assert run(home, "course", "export", "fire-safety", tmp_path / "out", "--organisation", "acme")[0] == 0
    assert contents(tmp_path / "out") == contents(folder)
    status, _out, err = run(home, "course", "export", "fire-safety", tmp_path / "out", "--organisation", "acme")
    assert (status, "not an empty folder" in err) == (1, True)


def test_a_course_with_problems_is_told_with_file_and_line(home, tmp_path):
    (tmp_path / "course.md").write_text("---\ntitel: X\n---\n")
    status, _out, err = run(home, "course", "check", tmp_path)
    assert status == 1
    assert "course.md:2: “titel” is not a field" in err


def test_the_journal_is_verified(home):
    status, out, _err = run(home, "journal", "verify", "--organisation", "acme")
    assert (status, "entries hold" in out) == (0, True)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"MILEPOST_DATABASE_URL": "mysql://x"}, "MILEPOST_DATABASE_URL: use sqlite"),
        ({"MILEPOST_DATABASE_URL": "postgresql://u@h/d"}, "MILEPOST_SECRET_KEY: set it"),
        ({"MILEPOST_SECRET_KEY": "short"}, "MILEPOST_SECRET_KEY: at least 32"),
        ({"MILEPOST_BASE_URL": "learn.example.org"}, "MILEPOST_BASE_URL"),
        ({"MILEPOST_MAIL_URL": "mail.example.org"}, "MILEPOST_MAIL_URL: use smtp"),
        ({"MILEPOST_TRUSTED_PROXIES": "one"}, "MILEPOST_TRUSTED_PROXIES: 'one' is not"),
    ],
)
def test_a_setting_that_can_not_be_used_is_named_with_what_to_set(tmp_path, variables, said):
    status, _out, err = run(tmp_path, "migrate", **variables)
    assert (status, said in err) == (1, True), err


def test_the_secret_key_is_made_once_and_kept_to_oneself(home):
    key = home / "secret-key"
    before = key.read_text()
    run(home, "journal", "verify", "--organisation", "acme")
    assert key.read_text() == before
    assert key.stat().st_mode & 0o077 == 0


def test_what_is_kept_is_for_one_s_own_user_in_a_folder_that_somebody_else_made_too(tmp_path):
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    for folder in (data, elsewhere):
        folder.mkdir()
        folder.chmod(0o755)
    for variables in ({}, {"MILEPOST_DATABASE_URL": f"sqlite:///{elsewhere}/all.sqlite3"}):
        run(data, "action", "list", "--organisation", "acme", **variables)  # whatever it says, the database is opened
    assert data.stat().st_mode & 0o007 == 0
    kept = [data / "milepost.sqlite3", elsewhere / "all.sqlite3"]
    assert [path.stat().st_mode & 0o077 for path in kept] == [0, 0]


def test_the_journal_is_sealed_and_verified(home):
    assert "Seal " in run(home, "journal", "seal", "--organisation", "acme")[1]
    status, out, _err = run(home, "journal", "verify", "--organisation", "acme")
    assert status == 0
    assert "entries hold" in out
    assert "0 wait for theirs" in out


def test_a_journal_is_held_against_what_others_kept_and_what_this_machine_forgot_is_told(home, tmp_path):
    of = ("--organisation", "acme")
    run(home, "journal", "seal", *of)
    [memory] = (home / "seals").iterdir()
    kept = tmp_path / "kept.jsonl"
    shutil.copy(memory, kept)
    status, out, _err = run(home, "journal", "verify", *of, "--against", kept)
    assert (status, "It holds the 1 seals of which kept.jsonl tells." in out) == (0, True)
    kept.write_text(kept.read_text().replace('\\"size\\":', '\\"size\\":9'))
    status, _out, err = run(home, "journal", "verify", *of, "--against", kept)
    assert (status, "entries are missing" in err) == (1, True)
    (tmp_path / "else.txt").write_text("nothing")
    status, _out, err = run(home, "journal", "verify", *of, "--against", tmp_path / "else.txt")
    assert (status, "says nothing of the seals" in err) == (1, True)
    memory.unlink()
    status, _out, err = run(home, "journal", "verify", *of)
    assert (status, "remembers 0 of the 1 seals" in err) == (1, True)
    assert run(home, "journal", "remember", *of)[:2] == (0, "This machine remembers 1 seals.\n")
    assert run(home, "journal", "verify", *of)[0] == 0


def test_the_key_of_the_log_is_printed_and_renewed_for_its_witnesses(home):
    before = run(home, "key", "log", "--organisation", "acme")[1]
    assert before.startswith("localhost:8000/log/")
    assert run(home, "key", "log", "--organisation", "acme")[1] == before
    after = run(home, "key", "renew-log", "--organisation", "acme", MILEPOST_BASE_URL="https://learn.example.org")[1]
    assert after.startswith("learn.example.org/log/")
    assert run(home, "key", "log", "--organisation", "acme")[1] == after
    told = run(home, "key", "revoke", "0" * 64, "--organisation", "acme", "--since", "2026-11-20", "--reason", "lost")
    assert (told[0], "never signed with a key of this fingerprint" in told[2]) == (1, True)


def test_the_certificate_of_the_key_is_printed_for_those_who_check(home, tmp_path):
    (tmp_path / "seal.pem").write_text(run(home, "key", "show", "--organisation", "acme")[1])
    subject = programs.run("openssl x509 -noout -subject -in", tmp_path / "seal.pem", capture_output=True, text=True)
    assert "Acme (seal)" in subject.stdout


def test_a_key_file_that_is_missing_or_wrong_is_refused(home, tmp_path):
    words = ("--organisation", "acme", "--password", "secret")
    status, _out, err = run(home, "key", "import", tmp_path / "none.p12", *words)
    assert (status, "No such file" in err) == (1, True)
    (tmp_path / "bad.p12").write_text("no key")
    status, _out, err = run(home, "key", "import", tmp_path / "bad.p12", *words)
    assert (status, "not a PKCS#12 file" in err) == (1, True)


@pytest.fixture
def copy(home, tmp_path):
    """The same installation once more, to be broken."""
    for name in ("milepost.sqlite3", "secret-key"):
        shutil.copy(home / name, tmp_path / name)
    return tmp_path


def test_a_database_that_a_newer_version_wrote_is_refused_and_left_alone(copy):
    with closing(sqlite3.connect(copy / "milepost.sqlite3")) as database, database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('journal', '9999_later', '2030-01-01')"
        )
    before = (copy / "milepost.sqlite3").read_bytes()
    for words in (["up", "--port", free_port()], ["migrate"]):
        status, _out, err = run(copy, *words)
        assert (status, "journal.9999_later is not known" in err) == (1, True), err
        assert "Traceback" not in err
    assert (copy / "milepost.sqlite3").read_bytes() == before


def test_a_secret_that_opens_no_signing_key_is_refused_at_the_start(copy):
    run(copy, "journal", "seal", "--organisation", "acme")  # with a key, which is made on first use
    (copy / "secret-key").write_text("another secret altogether " * 2)
    status, _out, err = run(copy, "up", "--port", free_port())
    assert (status, "put the file secret-key" in err) == (1, True), err


def test_pages_that_were_damaged_on_the_disk_are_told_in_words(copy):
    path = copy / "milepost.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 4] + bytes([0xA5]) * (len(whole) // 2) + whole[-(len(whole) // 4) :])
    for words in (["up", "--port", free_port()], ["journal", "verify", "--organisation", "acme"], ["migrate"]):
        status, _out, err = run(copy, *words)
        assert (status, "is damaged on the disk" in err, "Traceback" in err) == (1, True, False), err
    path.write_bytes(b"no database" * 1000)
    status, _out, err = run(copy, "journal", "verify", "--organisation", "acme")
    assert (status, "is damaged on the disk" in err) == (1, True), err


def test_the_secret_is_changed_by_one_alone_and_while_no_server_runs(home):
    before = contents(home)
    with closing(sqlite3.connect(home / "milepost.sqlite3")) as server:
        server.execute("SELECT count(*) FROM people_member").fetchone()
        status, _out, err = run(home, "key", "rotate-secret")
        assert (status, "Stop" in err) == (1, True), err
        assert (home / "secret-key").read_bytes() == before[Path("secret-key")]
    assert run(home, "key", "rotate-secret")[0] == 0
    assert (home / "earlier-secret-keys").read_bytes().strip() == before[Path("secret-key")].strip()
