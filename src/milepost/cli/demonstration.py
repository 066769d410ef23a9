"""`milepost demo`."""

import click

from milepost.cli.commands import progress_bar, with_django


@click.command()
@with_django
def demo() -> None:
    """Build the demonstration organisation: 240 people, three courses, two training actions, three months of learning."""
    from milepost.config import schema
    from milepost.demonstration.building import build

    with schema.in_turn():
        schema.catch_up()
    click.echo(build(progress=progress_bar))
