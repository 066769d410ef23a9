"""What the parent says to whoever started it. Where that goes into a file on a disk that is full, it is not said, and nothing ends."""

from contextlib import suppress

import click


def say(sentence: str) -> None:
    """A line on standard error, if it can be written."""
    with suppress(OSError):
        click.echo(sentence, err=True)
