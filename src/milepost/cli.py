"""`milepost`: the one command-line tool.

Exit status 0, or 1 with a message on stderr that says where and what.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milepost import __version__
from milepost.core.refusals import Refused

if TYPE_CHECKING:
    from milepost.courses.models import Course
    from milepost.people.models import Organisation


def _setup() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
    import django

    django.setup()


def with_django[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Load the settings and the rooms before the command runs; `--help` stays fast without them.

    A database that is not there, or without the tables of this version, is told of in words.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        _setup()
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
        try:
            return super().invoke(ctx)
        except Refused as refused:
            raise click.ClickException(str(refused)) from refused


def fail(message: object) -> None:
    """End with status 1 and the message on stderr."""
    raise click.ClickException(str(message))


@contextmanager
def about(file: Path) -> Iterator[None]:
    """Name the file in what is said when it can't be read, or is refused."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}.") from error
    except Refused as refused:
        raise click.ClickException(f"{file}: {refused}") from refused


def _organisation(slug: str) -> "Organisation":
    from milepost.people.models import Organisation

    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        known = ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise click.ClickException(f"There is no organisation “{slug}” (there are: {known}).")
    return organisation


def _course(organisation: "Organisation", slug: str) -> "Course":
    from milepost.courses.models import Course

    course = (
        Course.objects.filter(organisation=organisation, slug=slug).select_related("published", "organisation").first()
    )
    if course is None:
        known = (
            ", ".join(Course.objects.filter(organisation=organisation).values_list("slug", flat=True)[:20])
            or "none yet"
        )
        raise click.ClickException(f"{organisation.slug} has no course “{slug}” (it has: {known}).")
    return course


in_organisation = click.option("--organisation", required=True, metavar="SLUG", help="The organisation's address.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="milepost")
def cli() -> None:
    """Corporate open online courses, and the proof that they took place.

    Settings are MILEPOST_* environment variables; see docs/operating.md.
    """


@cli.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Where to listen.")
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address to listen.")
@click.option("--workers", default=None, type=click.IntRange(1, 64), help="Web processes (default: one a core).")
@click.option("--demo/--no-demo", default=False, help="Build the demonstration on the first start.")
@click.option("--reload", is_flag=True, help="Start anew whenever the source changes (needs the dev requirements).")
def up(port: int, host: str, workers: int | None, demo: bool, reload: bool) -> None:
    """Start the web server and the background worker; Ctrl-C stops both."""
    os.environ.setdefault("MILEPOST_BASE_URL", f"http://localhost:{port}")
    _setup()
    from milepost.config.serving import serve

    sys.exit(serve(host=host, port=port, workers=workers, with_demo=demo, reload=reload))


@cli.command()
@with_django
def migrate() -> None:
    """Bring the database up to date."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1)


@cli.command()
@with_django
def demo() -> None:
    """Build the demonstration organisation: 240 people, three courses, two training actions, three months of learning."""
    from milepost.config.schema import catch_up
    from milepost.demonstration.building import build

    catch_up()
    click.echo(build(progress=_bar))


def _bar(label: str, length: int) -> Any:
    return click.progressbar(length=length, label=f"{label:<28}", file=sys.stderr)


@cli.group()
def organisation() -> None:
    """Organisations."""


@organisation.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="The name that people see.")
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "fr"]))
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


@cli.group()
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

    target = _organisation(organisation)
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


@cli.group()
def course() -> None:
    """Courses as files."""


@course.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@with_django
def check_course(path: Path) -> None:
    """Check the course in the folder or zip PATH; every problem with file and line."""
    from milepost.courses.files import open_files
    from milepost.courses.reading import read_course

    with about(path):
        source = read_course(open_files(path))
    for problem in source.problems:
        click.echo(f"{path}/{problem}", err=True)
    if source.problems:
        fail(f"{len(source.problems)} problem(s) in {path}.")
    click.echo(f"{source.title}: {len(source.modules)} modules, {len(source.activities)} activities. Nothing to mend.")


@course.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@in_organisation
@with_django
def import_course(path: Path, organisation: str) -> None:
    """Take the course in the folder or zip PATH in, as a draft."""
    from milepost.courses.drafts import CourseHasProblems, import_draft
    from milepost.courses.files import open_files

    target = _organisation(organisation)
    with about(path):
        try:
            taken = import_draft(organisation=target, files=open_files(path))
        except CourseHasProblems as error:
            for problem in error.problems:
                click.echo(f"{path}/{problem}", err=True)
            raise click.ClickException(f"{len(error.problems)} problem(s) in {path}; nothing was imported.") from error
    click.echo(
        f"{taken.title} is the draft “{taken.slug}”. Publish it: milepost course publish {taken.slug} --organisation {organisation}"
    )


@course.command("export")
@click.argument("slug")
@click.argument("dest", type=click.Path(path_type=Path))
@in_organisation
@with_django
def export_course(slug: str, dest: Path, organisation: str) -> None:
    """Write the draft of the course SLUG into the folder DEST (or a zip, if DEST ends with .zip)."""
    from milepost.courses.drafts import export_to_folder, export_to_zip

    found = _course(_organisation(organisation), slug)
    try:
        if dest.suffix == ".zip":
            with dest.open("xb") as file:
                count = export_to_zip(found, file)
        else:
            count = export_to_folder(found, dest)
    except FileExistsError as error:
        raise click.ClickException(f"{dest} exists already. Name another file.") from error
    except OSError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{count} files in {dest}.")


@course.command("publish")
@click.argument("slug")
@in_organisation
@click.option(
    "--ask-again", multiple=True, metavar="MODULE", help="Ask changed work of this module again (repeatable)."
)
@with_django
def publish_course(slug: str, organisation: str, ask_again: tuple[str, ...]) -> None:
    """Freeze the draft of the course SLUG as the version that people learn from."""
    from milepost.courses.publishing import NothingToPublish, publish

    found = _course(_organisation(organisation), slug)
    try:
        version = publish(course=found, ask_again=ask_again)
    except NothingToPublish:
        click.echo(f"{slug}: nothing has changed since the last version.")
    else:
        click.echo(f"{version.title}: version {version.number} is published ({version.digest[:12]}).")


@cli.group()
def journal() -> None:
    """The record of facts."""


@journal.command("verify")
@in_organisation
@with_django
def verify_journal(organisation: str) -> None:
    """Check the organisation's whole journal: entries, tree, seals. Names the first entry that does not hold."""
    from milepost.journal.models import Entry
    from milepost.journal.verification import verify

    target = _organisation(organisation)
    with _bar("Checking entries", Entry.objects.filter(organisation_id=target.pk).count()) as bar:
        found = verify(target.pk, progress=bar.update)
    if found.finding:
        fail(
            f"Entry {found.finding.entry_id} does not hold: {found.finding.reason}. {found.checked} entries before it do."
        )
    waiting = found.checked - found.sealed
    click.echo(
        f"{found.checked} entries hold. {found.sealed} are under {found.seals} seals, {waiting} wait for theirs."
    )


@journal.command("seal")
@in_organisation
@with_django
def seal_journal(organisation: str) -> None:
    """Seal what waits, now. (The background worker does this every 15 seconds.)"""
    from milepost.journal import sealing, timestamping

    number = _organisation(organisation).pk
    seal = sealing.seal(number)
    try:
        timestamping.stamp_newest(number)
    except timestamping.NoStamp as error:
        click.echo(f"It has no time stamp yet ({error}); the worker asks again.", err=True)
    click.echo(f"Seal {seal.number} covers {seal.size} entries." if seal else "There is nothing to seal yet.")


@cli.group()
def action() -> None:
    """Training actions: what a funding body or an auditor sees as one thing."""


@action.command("list")
@in_organisation
@with_django
def list_actions(organisation: str) -> None:
    """Each action with its reference, title, profile and readiness, separated by tabs."""
    from milepost.evidence.models import TrainingAction
    from milepost.evidence.readiness import refresh

    target = _organisation(organisation)
    for found in (
        TrainingAction.objects.filter(organisation=target)
        .select_related("organisation", "course")
        .order_by("reference")
    ):
        click.echo(f"{found.reference}\t{found.title}\t{found.profile}\t{refresh(found).percent} %")


@cli.group()
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

    target = _organisation(organisation)
    actions = TrainingAction.objects.filter(organisation=target).select_related("organisation", "course")
    found = actions.filter(reference=reference).first()
    if found is None:
        known = ", ".join(actions.order_by("reference").values_list("reference", flat=True)[:20]) or "none yet"
        raise click.ClickException(f"{organisation} has no action “{reference}” (it has: {known}).")
    member = found.members.filter(email=person.lower()).first() if person else None
    if person and member is None:
        raise click.ClickException(f"{reference} has nobody with the address {person}.")
    with about(output), _bar("Building the dossier", 100) as bar:
        build_to(
            output,
            found,
            member=member,
            progress=lambda done, total: bar.update(100 * done // max(total, 1) - bar.pos),
        )
    click.echo(f"{output} holds the dossier of {found.reference} “{found.title}”. Check it: milepost verify {output}")


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", default="", metavar="FINGERPRINT", help="The fingerprint (SHA-256) that the key must have.")
def verify(file: Path, key: str) -> None:
    """Check the dossier, sealed PDF or badge FILE offline. Status 0 only when everything in it holds."""
    from milepost import verify as verifier

    sys.exit(verifier.main([str(file), *(["--key", key] if key else [])], say=click.echo))


@cli.group()
def key() -> None:
    """The key that an organisation signs with."""


@key.command("show")
@in_organisation
@with_django
def show_key(organisation: str) -> None:
    """Print the certificate of the current key (PEM), for those who check signatures."""
    from milepost.journal.keys import current_key

    found = current_key(_organisation(organisation).pk)
    click.echo(found.certificate, nl=False)
    click.echo(f"Fingerprint (SHA-256): {found.fingerprint}", err=True)


@key.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@in_organisation
@click.option("--password", prompt=True, hide_input=True, envvar="MILEPOST_KEY_PASSWORD", help="Of the PKCS#12 file.")
@with_django
def import_key(file: Path, organisation: str, password: str) -> None:
    """Sign with the key in the PKCS#12 file FILE from now on. What was signed before stays valid."""
    from milepost.journal.keys import import_pkcs12

    target = _organisation(organisation)
    with about(file):
        taken = import_pkcs12(target.pk, file.read_bytes(), password=password)
    click.echo(f"{organisation} signs as {taken.subject}, until {taken.x509.not_valid_after_utc.date()}.")


@key.command("token")
@click.argument("token")
@click.argument("label")
@in_organisation
@click.option("--chain", type=click.Path(path_type=Path), help="PEM file with the certificates above the key's own.")
@with_django
def use_token(token: str, label: str, organisation: str, chain: Path | None) -> None:
    """Sign with the key LABEL in the PKCS#11 token TOKEN from now on. The private key never leaves it."""
    from cryptography import x509

    from milepost.journal import keys

    target = _organisation(organisation)
    above = []
    if chain:
        with about(chain):
            try:
                above = x509.load_pem_x509_certificates(chain.read_bytes())
            except ValueError as error:
                raise keys.KeyRefused(str(error)) from error
    taken = keys.use_token(target.pk, token=token, label=label, chain=above)
    click.echo(f"{organisation} signs as {taken.subject}, until {taken.x509.not_valid_after_utc.date()}.")


def main() -> None:
    """The entry point."""
    cli(prog_name="milepost")


if __name__ == "__main__":
    main()
