"""`milepost course`: courses as files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from milepost.cli.commands import about, fail, in_organisation, organisation_of, with_django

if TYPE_CHECKING:
    from milepost.courses.models import Course
    from milepost.people.models import Organisation


@click.group()
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

    target = organisation_of(organisation)
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

    course = course_of(organisation_of(organisation), slug)
    try:
        if dest.suffix == ".zip":
            with dest.open("xb") as file:
                count = export_to_zip(course, file)
        else:
            count = export_to_folder(course, dest)
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

    course = course_of(organisation_of(organisation), slug)
    try:
        version = publish(course=course, ask_again=ask_again)
    except NothingToPublish:
        click.echo(f"{slug}: nothing has changed since the last version.")
    else:
        click.echo(f"{version.title}: version {version.number} is published ({version.digest[:12]}).")


def course_of(organisation: "Organisation", slug: str) -> "Course":
    """The organisation's course of this name; where there is none, say which there are."""
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
