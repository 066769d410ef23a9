"""`milepost`: the one command-line tool; a file for each room.

Exit status 0, or 1 with a message on stderr that says where and what.
"""

import click

from milepost import __version__
from milepost.cli import audiences, backup, config, courses, demonstration, evidence, files, jobs, journal, people
from milepost.cli.commands import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="milepost")
def cli() -> None:
    """Corporate open online courses, and the proof that they took place.

    Settings are MILEPOST_* environment variables; see docs/operating.md.
    """


for command in (
    config.up,
    config.worker,
    config.migrate,
    backup.backup,
    backup.restore,
    backup.move,
    demonstration.demo,
    people.organisation,
    people.people,
    audiences.audience,
    courses.course,
    journal.journal,
    journal.key,
    journal.facts,
    evidence.action,
    evidence.dossier,
    evidence.verify,
    files.files,
    jobs.jobs,
):
    cli.add_command(command)


def main() -> None:
    """The entry point."""
    cli(prog_name="milepost")
