"""`milepost audience`: who is in which audience, and why."""

from typing import TYPE_CHECKING

import click

from milepost.cli.commands import fail, in_organisation, organisation_of, with_django

if TYPE_CHECKING:
    from milepost.audiences.models import Audience
    from milepost.audiences.rules import Reading, Told


@click.group()
def audience() -> None:
    """Audiences: saved rules over people."""


@audience.command("list")
@in_organisation
@with_django
def list_audiences(organisation: str) -> None:
    """Show each audience with how many are in it, and its rule."""
    from milepost.audiences.models import Audience
    from milepost.audiences.rules import one_line, told

    target = organisation_of(organisation)
    for one in Audience.objects.current().filter(organisation=target):
        state = "  (being looked at)" if one.is_gathering else ""
        click.echo(f"{one.name}  {one.size}  {one_line(told(target, one.rule))}{state}")


@audience.command("show")
@click.argument("name")
@in_organisation
@click.option("--names", is_flag=True, help="Everybody who is in it, a line each.")
@with_django
def show(name: str, organisation: str, names: bool) -> None:
    """Show the audience NAME: its rule, how many are in it, and with --names who."""
    from milepost.audiences.models import people_in
    from milepost.audiences.rules import told
    from milepost.people.models import Member

    one = _audience(name, organisation)
    click.echo(f"{one.name}: {one.size} people, {one.minimum_days} days before it counts.")
    _outline(told(one.organisation, one.rule), 0)
    if names:
        for member in Member.objects.filter(pk__in=people_in(one)).iterator(2_000):
            click.echo(f"{member.employee_number or '-'}  {member.full_name}")


@audience.command("why")
@click.argument("name")
@click.argument("person")
@in_organisation
@with_django
def why(name: str, person: str, organisation: str) -> None:
    """Say why PERSON (a name, an e-mail or an employee number) is in the audience NAME, or is not."""
    from milepost.audiences.explaining import explain
    from milepost.people.models import Member
    from milepost.people.scopes import LineScope

    one = _audience(name, organisation)
    member = Member.objects.select_related("organisation").get(pk=LineScope().find(one.organisation, person))
    explanation = explain(audience=one, member=member)
    click.echo(f"{member.full_name}: {explanation.sentence}")
    _ticks(explanation.reading, 0)


def _audience(name: str, organisation: str) -> "Audience":
    from milepost.audiences.models import Audience

    target = organisation_of(organisation)
    there = list(Audience.objects.current().filter(organisation=target).select_related("organisation"))
    found = [one for one in there if one.name.casefold() == name.casefold()]
    if not found:
        known = ", ".join(one.name for one in there[:20]) or "none yet"
        fail(f"There is no audience “{name}” (there are: {known}).")
    return found[0]


def _outline(told: "Told", depth: int) -> None:
    click.echo(f"{'  ' * depth}- {told.words}")
    for part in told.parts:
        _outline(part, depth + 1)


def _ticks(reading: "Reading", depth: int) -> None:
    seen = f" ({reading.seen})" if reading.seen else ""
    click.echo(f"{'  ' * depth}{'yes' if reading.holds else 'no '} {reading.sentence}{seen}")
    for part in reading.parts:
        _ticks(part, depth + 1)
