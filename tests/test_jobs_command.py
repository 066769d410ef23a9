"""`milepost jobs`: what waits, what was given up, and trying it again."""

from click.testing import CliRunner

from milepost.classroom.jobs import make_sheet
from milepost.cli import cli
from milepost.core import clock
from milepost.core.models import Fault, Job, State
from milepost.people.organisations import create_organisation


def jobs(*words):
    return CliRunner().invoke(cli, ["jobs", *map(str, words)])


def given_up(organisation, number):
    make_sheet.enqueue(organisation.pk, number)
    row = Job.objects.get(organisation_id=organisation.pk, arguments__sheet_id=number)
    row.state, row.attempts, row.failed_at = State.DEAD, 12, clock.now()
    row.fault, row.reason = Fault.GONE, "FileNotFoundError: logo.png"
    row.save()
    return row


def test_the_list_counts_each_queue_and_tells_why_something_was_given_up(organisation):
    dead = given_up(organisation, 1)
    make_sheet.enqueue(organisation.pk, 2)
    lines = jobs("list").stdout.splitlines()
    assert lines[:2] == ["files: 1 dead", "files: 1 waiting"]
    assert lines[2].startswith(f"{dead.pk}  files  dead  ")
    assert lines[2].endswith("gone FileNotFoundError: logo.png")
    assert len(lines) == 4
    assert jobs("list", "--failed").stdout.splitlines()[0] == "files: 1 dead"
    assert len(jobs("list", "--failed").stdout.splitlines()) == 2


def test_the_list_of_one_organisation_shows_nothing_of_another(organisation):
    mine, theirs = given_up(organisation, 1), given_up(create_organisation(slug="norrviken", name="Norrviken"), 2)
    result = jobs("list", "--organisation", "aldermoor").stdout
    assert (f"{mine.pk}  files" in result, f"{theirs.pk}  files" in result) == (True, False)


def test_those_named_are_tried_again_from_their_first_attempt_and_no_others(organisation):
    first, second = given_up(organisation, 1), given_up(organisation, 2)
    assert jobs("retry", first.pk).stdout == "1 to be tried again now.\n"
    first.refresh_from_db()
    second.refresh_from_db()
    assert [(row.state, row.attempts) for row in (first, second)] == [(State.WAITING, 0), (State.DEAD, 12)]
    assert jobs("retry", "--all").stdout == "1 to be tried again now.\n"


def test_what_did_not_fail_can_not_be_tried_again(organisation):
    make_sheet.enqueue(organisation.pk, 1)
    result = jobs("retry", Job.objects.get().pk)
    assert (result.exit_code, "None of these failed." in result.stderr) == (1, True)
    assert "Give the numbers of jobs, or --all." in jobs("retry").stderr
    assert "Give the numbers of jobs, or --all." in jobs("retry", 1, "--all").stderr
