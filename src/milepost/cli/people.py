"""`milepost organisation` and `milepost people`."""

from pathlib import Path

import click

from milepost.cli.commands import about, fail, in_organisation, organisation_of, with_django
from milepost.config.languages import CODES, SOURCE


@click.group()
def organisation() -> None:
    """Organisations."""


@organisation.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="The name that people see.")
@click.option("--language", default=SOURCE, show_default=True, type=click.Choice(CODES))
@click.option("--owner", metavar="E-MAIL", help="Who may do everything in it; signs in with a code by e-mail.")
@with_django
def create_organisation(slug: str, name: str, language: str, owner: str | None) -> None:
    """Make an organisation at the address SLUG."""
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email
    from django.db import transaction

    from milepost.people import organisations
    from milepost.people.granting import grant
    from milepost.people.members import add_member
    from milepost.people.roles import Role

    try:
        if owner:
            validate_email(owner)
        with transaction.atomic():
            made = organisations.create_organisation(slug=slug, name=name, language=language)
            if owner:
                given, _dot, family = owner.partition("@")[0].partition(".")
                member = add_member(
                    organisation=made, email=owner, given_name=given.title(), family_name=family.title() or "–"
                )
                grant(member=member, role=Role.OWNER)
    except ValidationError as error:
        fail(error.messages[0])
    click.echo(f"{name} is at /{slug}/.")


@click.group()
def people() -> None:
    """People and the HR file."""


@people.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@in_organisation
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--complete", is_flag=True, help="The file lists everybody: who is missing has left.")
@with_django
def import_people(file: Path, organisation: str, dry_run: bool, complete: bool) -> None:
    """Import the HR file FILE (CSV or XLSX), all or nothing."""
    from milepost.core.canonical import fingerprint
    from milepost.core.tables import read_table
    from milepost.people.import_plan import plan_import
    from milepost.people.importing import apply_import

    target = organisation_of(organisation)
    with about(file):
        content = file.read_bytes()
        table = read_table(content, name=file.name)
    plan = plan_import(organisation=target, table=table, is_complete=complete)
    if plan.problems:
        for problem in plan.problems[:50]:
            click.echo(f"{file}: {problem}", err=True)
        fail(f"{len(plan.problems)} problem(s) in {file}; nothing was imported.")
    click.echo(
        f"{len(plan.new)} new, {len(plan.changed)} changed, {len(plan.gone)} gone, {plan.unchanged} as they were."
    )
    if dry_run:
        click.echo("Nothing was changed (--dry-run).")
        return
    apply_import(plan=plan, source=file.name, fingerprint=fingerprint(content))
