"""`milepost organisation` and `milepost people`."""

from collections.abc import Mapping
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
@click.option("--complete", is_flag=True, help="The file lists everybody: who is missing has left. Needs --leavers.")
@click.option("--leavers", type=click.IntRange(0), metavar="N", help="So many people leave by it, at most.")
@click.option(
    "--same", multiple=True, metavar="NUMBER", help="The number is the same person’s still, under another name."
)
@click.option("--other", multiple=True, metavar="NUMBER", help="The number was given to somebody new.")
@with_django
def import_people(
    file: Path,
    organisation: str,
    dry_run: bool,
    complete: bool,
    leavers: int | None,
    same: tuple[str, ...],
    other: tuple[str, ...],
) -> None:
    """Import the HR file FILE (CSV or XLSX), all or nothing."""
    from milepost.core.canonical import fingerprint
    from milepost.core.tables import read_table
    from milepost.people.import_changes import OTHER, SAME, question_of
    from milepost.people.import_plan import ImportRefused, TooManyLeave, Unanswered
    from milepost.people.importing import HRFile, import_people

    target = organisation_of(organisation)
    with about(file):
        content = file.read_bytes()
        table = read_table(content, name=file.name)
    if both := {question_of(number) for number in same} & {question_of(number) for number in other}:
        fail(f"Both --same and --other of {', '.join(sorted(key.partition(':')[2] for key in both))}.")
    answers = {question_of(number): SAME for number in same} | {question_of(number): OTHER for number in other}
    source = HRFile(table, None, complete, file.name, fingerprint(content), answers)
    if leavers is None and complete:
        leavers = 0
    try:
        if dry_run:
            plan = source.plan(target)
            click.echo(_in_words(plan.counts))
            plan.refuse_leavers(leavers, exactly=False)
            click.echo("Nothing was changed (--dry-run).")
        else:
            click.echo(_in_words(import_people(organisation=target, file=source, leavers=leavers)))
    except Unanswered:
        for question in source.plan(target).unanswered:
            was, would_be = f"{question.was} {question.was_address}", f"{question.would_be} {question.address}"
            click.echo(
                f"{file}: Row {question.row}: {question.number} was {was.strip()}, and would be {would_be.strip()}.",
                err=True,
            )
        fail("Say of each whether it is the same person (--same NUMBER) or somebody new (--other NUMBER).")
    except TooManyLeave as refused:
        words = f"{refused.count} of {refused.there} people would leave; nothing was changed."
        fail(f"{words} If that is right: --leavers {refused.count}")
    except ImportRefused as refused:
        for problem in refused.problems[:50]:
            click.echo(f"{file}: {problem}", err=True)
        fail(f"{len(refused.problems)} problem(s) in {file}; nothing was imported." if refused.problems else refused)


def _in_words(counts: Mapping[str, int]) -> str:
    return "{new} new, {changed} changed, {back} back, {gone} gone, {unchanged} as they were.".format(**counts)


@people.command("reset-second-factor")
@click.argument("email")
@with_django
def reset_second_factor(email: str) -> None:
    """Have the second factor of the account EMAIL taken away a day from now; its person is told at once."""
    from milepost.people.models import Member
    from milepost.people.second_factor import ask_reset

    member = Member.objects.active().filter(user__email=email.lower()).select_related("organisation", "user").first()
    if member is None:
        fail(f"Nobody who belongs to an organisation signs in as {email}.")
    else:
        reset = ask_reset(member=member)
        click.echo(f"It goes on {reset.due_at:%Y-%m-%d %H:%M} UTC, unless {email} uses it until then. They were told.")


@people.command("sign-out")
@click.argument("email", required=False)
@click.option("--everybody", is_flag=True, help="Of every organisation.")
@with_django
def sign_out(email: str | None, everybody: bool) -> None:
    """End every session of the account with the address EMAIL, or of everybody."""
    from milepost.people.models import User
    from milepost.people.sessions import end_of_everybody, end_others

    if bool(email) == everybody:
        fail("Say whose sessions end: an address, or --everybody.")
    if everybody:
        click.echo(f"{end_of_everybody()} sessions ended.")
        return
    user = User.objects.filter(email=(email or "").lower()).first()
    if user is None:
        fail(f"Nobody signs in as {email}.")
    else:
        click.echo(f"{end_others(user)} sessions ended.")
