"""Whether the database has the tables that this version of Milepost needs."""

import click
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def is_behind() -> bool:
    """Whether migrations wait. Raises `DatabaseError` if the database can't be reached."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def catch_up() -> None:
    """Run the migrations that wait; quick when none does."""
    if is_behind():
        click.echo("Preparing the database …", err=True)
        call_command("migrate", interactive=False, verbosity=0)


def why_it_failed(error: DatabaseError) -> str:
    """What an operator can do about the error; empty if it is none of theirs."""
    try:
        return "The database is not ready for this version. Run: milepost migrate" if is_behind() else ""
    except DatabaseError:
        return f"The database can’t be used: {str(error).strip()}"
