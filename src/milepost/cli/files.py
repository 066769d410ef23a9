"""`milepost files`: what was uploaded, sealed and built, as it lies in the store."""

import click

from milepost.cli.commands import organisation_of, with_django


@click.group()
def files() -> None:
    """Files: uploads, sealed PDFs, dossiers."""


@files.command("check")
@click.option("--organisation", metavar="SLUG", help="Only this organisation (default: all).")
@click.option(
    "--remove-unreferenced",
    is_flag=True,
    help="Take away what nothing has referred to for a day, and half-written files.",
)
@with_django
def check_files(organisation: str | None, remove_unreferenced: bool) -> None:
    """Read every file and hold it against its name and the database. Status 1 if one is missing or damaged."""
    from milepost.core.blobs.checking import check, clear_incoming
    from milepost.people.models import Organisation

    is_sound = True
    for target in [organisation_of(organisation)] if organisation else Organisation.objects.order_by("slug").iterator():
        report = check(target, remove_unreferenced=remove_unreferenced)
        is_sound = is_sound and report.is_sound
        for digest, row in report.missing.items():
            click.echo(f"{target.slug}: missing: {digest}, which {row} refers to", err=True)
        for digest in report.damaged:
            click.echo(f"{target.slug}: damaged: {digest}", err=True)
        click.echo(
            f"{target.slug}: {report.sound} hold, {len(report.missing)} missing, {len(report.damaged)} damaged, "
            f"{len(report.unreferenced)} unreferenced ({report.removed} removed)."
        )
    if remove_unreferenced and (count := clear_incoming()):
        click.echo(f"{count} half-written files removed.")
    if not is_sound:
        raise click.ClickException(
            "Put missing and damaged files back from a backup (docs/operating.md), then check again."
        )
