"""What the commands of all rooms share: starting Django, naming an organisation, and how a refusal ends."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from milepost.core.refusals import Refused
from milepost.core.starting import set_up

if TYPE_CHECKING:
    from milepost.people.models import Organisation


def with_django[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Load the settings and the rooms before the command runs; `--help` stays fast without them.

    A database that is not there, or without the tables of this version, is told of in words.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        set_up()
        from django.db import DatabaseError

        try:
            return command(*args, **kwargs)
        except DatabaseError as error:
            from milepost.config.schema import why_it_failed

            if words := why_it_failed(error):
                raise click.ClickException(words) from error
            raise

    return run


class Commands(click.Group):
    """The commands: whatever is refused ends with status 1 and its sentence on stderr, in this one place."""

    def invoke(self, ctx: click.Context) -> Any:
        os.umask(os.umask(0o077) | 0o077)  # what is written (a database, files, logs of seals) is for this user alone
        try:
            return super().invoke(ctx)
        except Refused as refused:
            raise click.ClickException(str(refused)) from refused


def fail(message: object) -> NoReturn:
    """End with status 1 and the message on stderr."""
    raise click.ClickException(str(message))


@contextmanager
def about(file: Path) -> Iterator[None]:
    """Name the file in what is said when it, or another that is needed for it, can't be read or written, or is refused."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.filename or file}: {error.strerror or error}.") from error
    except Refused as refused:
        raise click.ClickException(f"{file}: {refused}") from refused


def organisation_of(slug: str) -> "Organisation":
    """The organisation at this address; where there is none, say which there are."""
    from milepost.people.models import Organisation

    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        known = ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise click.ClickException(f"There is no organisation “{slug}” (there are: {known}).")
    return organisation


in_organisation = click.option("--organisation", required=True, metavar="SLUG", help="The organisation's address.")


def progress_bar(label: str, length: int) -> Any:
    """How far it is, on stderr; `update` moves it on."""
    return click.progressbar(length=length, label=f"{label:<28}", file=sys.stderr)
