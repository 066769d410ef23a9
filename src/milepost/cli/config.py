"""`milepost up`, `milepost worker` and `milepost migrate`: the running system."""

import os
import sys

import click

from milepost.cli.commands import with_django
from milepost.core.starting import set_up


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Where to listen.")
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address to listen.")
@click.option("--workers", default=None, type=click.IntRange(1, 64), help="Web processes (default: one a core).")
@click.option("--demo/--no-demo", default=False, help="Build the demonstration on the first start.")
@click.option("--reload", is_flag=True, help="Start anew whenever the source changes (needs the dev requirements).")
def up(port: int, host: str, workers: int | None, demo: bool, reload: bool) -> None:
    """Start the web server and the background worker; Ctrl-C stops both."""
    os.environ.setdefault("MILEPOST_BASE_URL", f"http://localhost:{port}")
    set_up()
    from milepost.config.serving import serve

    sys.exit(serve(host=host, port=port, workers=workers, with_demo=demo, reload=reload))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Answer /healthz, /readyz and /metrics there.")
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address to answer them.")
def worker(port: int | None, host: str) -> None:
    """Do work in the background beside the other workers, on any host; Ctrl-C stops it."""
    set_up()
    from milepost.config.serving import work

    sys.exit(work(host=host, port=port))


@click.command()
@with_django
def migrate() -> None:
    """Bring the database up to date."""
    from django.core.management import call_command

    from milepost.config import new_database, schema

    with schema.in_turn():
        schema.refuse_unfit()
        if new_database.fill():
            click.echo("The tables of a new database were made.")
        call_command("migrate", interactive=False, verbosity=1)
