"""`milepost backup`, `milepost restore` and `milepost move`: all of a Milepost in one file, and elsewhere."""

import sys
from pathlib import Path

import click

from milepost.cli.commands import about, fail, progress_bar, with_django

PASSPHRASE = "MILEPOST_BACKUP_PASSPHRASE"  # noqa: S105 (a variable's name)

_passphrase = click.option(
    "--passphrase",
    envvar=PASSPHRASE,
    default="",
    hidden=True,
    help="Better in the variable: others see a command’s words.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--encrypt", is_flag=True, help=f"With a passphrase: that in {PASSPHRASE}, or it is asked for.")
@_passphrase
@with_django
def backup(file: Path, encrypt: bool, passphrase: str) -> None:
    """Write everything into FILE: database, files, secret, seals. People can go on working.

    The file opens signing keys and accounts unless it is encrypted: keep it as you keep the server.
    """
    from milepost.backup.making import make

    if encrypt and not passphrase:
        passphrase = _asked(twice=True)
    with about(file):
        made = make(file, passphrase=passphrase, progress=progress_bar)
    kind = "encrypted" if passphrase else "not encrypted"
    click.echo(f"{file}: {made.rows} rows and {made.files} files, {_size(made.bytes)}, {kind}.")
    for name in made.lost:
        click.echo(f"missing or damaged: {name}", err=True)
    if made.lost:
        fail(
            f"{file} is written, but {len(made.lost)} files that it should hold can’t be had. Run: milepost files check"
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--check", "only_check", is_flag=True, help="Read all of it and say what it is; change nothing.")
@click.option("--replace", is_flag=True, help="Even if there is something in the database: it is gone afterwards.")
@click.option("--despite-findings", is_flag=True, help="Even if the journal in it does not hold.")
@_passphrase
@with_django
def restore(file: Path, only_check: bool, replace: bool, despite_findings: bool, passphrase: str) -> None:
    """Put the backup FILE back, into the database and store that the settings name. Stop the server first.

    Everything is checked before anything is changed, and proofs and seals are computed anew.
    """
    from milepost.backup import reading
    from milepost.backup.restoring import restore as put_back

    with about(file):
        if reading.is_encrypted(file) and not passphrase:
            passphrase = _asked()
        click.echo("Checking the backup …", err=True)
        contents = reading.check(file, passphrase)
        made = f"made {contents.about['made_at'][:19]} UTC by Milepost {contents.about['version']} on {contents.about['database']}"
        click.echo(f"{file}: {made}, {contents.rows} rows, {contents.files} files. It is whole.")
        for name in contents.manifest["files"]["lost"]:
            click.echo(f"was missing or damaged when it was made: {name}", err=True)
        if only_check:
            return
        holdings = put_back(
            file,
            passphrase=passphrase,
            replaces=replace,
            despite_findings=despite_findings,
            progress=progress_bar,
            contents=contents,
        )
    seal = f"{holdings.last_seal:%Y-%m-%d %H:%M:%S} UTC" if holdings.last_seal else "none yet"
    click.echo(
        f"Restored: {len(holdings.organisations)} organisations ({', '.join(holdings.organisations[:10])}), {holdings.people} people,"
        f" {holdings.facts} facts, {contents.files} files. Last seal: {seal}."
    )
    for finding in holdings.findings:
        click.echo(f"The journal does not hold: {finding}", err=True)
    if holdings.findings:
        fail("It is restored as it was saved; the journal in it does not hold.")
    click.echo("Every row, file, proof and seal holds. Start the server: milepost up")


@click.command()
@click.option(
    "--to", "url", required=True, metavar="URL", help="postgresql://USER:PASSWORD@HOST:PORT/NAME, an empty database."
)
@with_django
def move(url: str) -> None:
    """Move from SQLite to PostgreSQL. Stop the server first; files, secret and seals stay where they are."""
    from django.conf import settings

    from milepost.backup.moving import move as move_to
    from milepost.config.secret import EARLIER_FILE, FALLBACKS, SECRET, SECRET_FILE

    moved = move_to(url, progress=progress_bar)
    data = settings.ENVIRONMENT.data
    click.echo(
        f"{moved.rows} rows of {moved.tables} tables are in PostgreSQL; read back, they say the same, and the journal holds."
    )
    click.echo(
        "The SQLite database is as it was: put it away, so that nobody writes into it. From now on, on every host, set"
    )
    click.echo(f"  MILEPOST_DATABASE_URL={url.partition('://')[0]}://…  (the address that you gave)")
    if (data / SECRET_FILE).exists() and (data / SECRET_FILE).read_text().strip() == settings.SECRET_KEY:
        click.echo(f'  {SECRET}="$(cat {data / SECRET_FILE})"')
        if settings.SECRET_KEY_FALLBACKS:
            click.echo(f'  {FALLBACKS}="$(paste -sd, {data / EARLIER_FILE})"')
    click.echo(f"  MILEPOST_DATA={data}  (or copy “files” and “seals” in it)")


def _asked(*, twice: bool = False) -> str:
    """The passphrase, from whoever sits at the terminal; a timer has none to ask."""
    if not sys.stdin.isatty():
        fail(f"The passphrase is missing, and nobody is at a terminal to give it: set {PASSPHRASE}. Nothing was done.")
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True))


def _size(count: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count //= 1000
    return f"{count} GB"
