"""`milepost action`, `milepost dossier` and `milepost verify`."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from milepost.cli.commands import about, in_organisation, organisation_of, progress_bar, with_django


@click.group()
def action() -> None:
    """Training actions: what a funding body or an auditor sees as one thing."""


@action.command("list")
@in_organisation
@with_django
def list_actions(organisation: str) -> None:
    """Each action with its reference, title, profile and readiness, separated by tabs."""
    from milepost.evidence.models import TrainingAction
    from milepost.evidence.readiness import refresh

    target = organisation_of(organisation)
    actions = TrainingAction.objects.filter(organisation=target).select_related("organisation", "course")
    for row in actions.order_by("reference"):
        click.echo(f"{row.reference}\t{row.title}\t{row.profile}\t{refresh(row).percent} %")


@click.group()
def dossier() -> None:
    """Dossiers: an action in one file that anybody can check offline."""


@dossier.command("build")
@click.argument("reference")
@in_organisation
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip file to write.")
@click.option("--person", default="", metavar="E-MAIL", help="Only what belongs to this person in the action.")
@with_django
def build_dossier(reference: str, organisation: str, output: Path, person: str) -> None:
    """Build the dossier of the action REFERENCE."""
    from milepost.evidence.dossiers import build_to
    from milepost.evidence.models import TrainingAction

    target = organisation_of(organisation)
    actions = TrainingAction.objects.filter(organisation=target).select_related("organisation", "course")
    training_action = actions.filter(reference=reference).first()
    if training_action is None:
        known = ", ".join(actions.order_by("reference").values_list("reference", flat=True)[:20]) or "none yet"
        raise click.ClickException(f"{organisation} has no action “{reference}” (it has: {known}).")
    member = training_action.members.filter(email=person.lower()).first() if person else None
    if person and member is None:
        raise click.ClickException(f"{reference} has nobody with the address {person}.")
    with about(output), progress_bar("Building the dossier", 100) as bar:
        build_to(
            output,
            training_action,
            member=member,
            progress=lambda done, total: bar.update(100 * done // max(total, 1) - bar.pos),
        )
    click.echo(
        f"{output} holds the dossier of {training_action.reference} “{training_action.title}”. Check it: milepost verify {output}"
    )


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def verify(words: Sequence[str]) -> None:
    """Check a dossier, a sealed PDF, a badge or the proof of a fact, offline: as `python verify.pyz` does."""
    from milepost import verify as verifier

    sys.exit(verifier.main(words, say=click.echo))
