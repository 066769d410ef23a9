"""The verbs on drafts: import and export. A draft is a tree of files, and comes out as it went in, to the byte."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from milepost.core import blobs, clock
from milepost.core.refusals import Refused
from milepost.courses.facts import COURSE_IMPORTED
from milepost.courses.files import CourseFiles, RefusedFiles
from milepost.courses.frontmatter import Problem
from milepost.courses.models import Course, Media
from milepost.courses.reading import CourseSource, read_course
from milepost.journal.recording import SYSTEM, record
from milepost.people.models import Member, Organisation


class CourseHasProblems(Refused):
    """The course can't be taken in as it is; `problems` says what to mend."""

    status = 422

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def import_draft(*, organisation: Organisation, files: CourseFiles, slug: str = "", by: Member | None = None) -> Course:
    """Take a course in as the draft of the course with its slug; what is published stays as it is.

    The slug is the one given, the one in course.md, or made from the title. Raises `CourseHasProblems` or
    `RefusedFiles`, and then nothing has changed. Records `imported`.
    """
    source = read_course(files)
    if source.problems:
        raise CourseHasProblems(source.problems)
    tree = {
        path: [blobs.store_stream(organisation.uid, files.chunks(path)), files.size(path)] for path in files.paths()
    }
    slug = slug or source.slug or slugify(source.title)[:60].strip("-") or "course"
    with transaction.atomic():
        course, _is_new = Course.objects.select_for_update(no_key=True).get_or_create(
            organisation=organisation, slug=slug, defaults={"title": source.title}
        )
        course.draft = tree
        course.title = source.title
        course.draft_changed_at = clock.now()
        course.save(update_fields=["draft", "title", "draft_changed_at"])
        Media.of_draft(course)
        record(
            COURSE_IMPORTED,
            organisation=organisation,
            actor=by.as_reference() if by else SYSTEM,
            object=course.as_reference(),
            result={"files": len(tree)},
        )
    return course


class DraftFiles:
    """The files of a course's draft, read from the blobs."""

    def __init__(self, course: Course, organisation: Organisation) -> None:
        self.organisation = organisation
        self.tree: dict[str, list[object]] = course.draft

    def paths(self) -> list[str]:
        return sorted(self.tree)

    def size(self, path: str) -> int:
        return int(str(self.tree[path][1]))

    def digests(self) -> dict[str, str]:
        return {path: str(digest) for path, (digest, _size) in self.tree.items()}

    def chunks(self, path: str) -> Iterator[bytes]:
        yield from blobs.chunks(self.organisation.uid, str(self.tree[path][0]))


def read_draft(course: Course) -> CourseSource:
    """The draft, read and checked, with its media named by their SHA-256."""
    files = DraftFiles(course, course.organisation)
    return read_course(files, digests=files.digests())


def export_to_folder(course: Course, folder: Path) -> int:
    """Write the draft's files under `folder`, which must be empty or absent; return how many. Raises `RefusedFiles`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RefusedFiles(
            _("%(path)s is not an empty folder. Name one that is, so that nothing is overwritten.") % {"path": folder}
        )
    files = DraftFiles(course, course.organisation)
    for path in files.paths():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for chunk in files.chunks(path):
                file.write(chunk)
    return len(files.paths())


def export_to_zip(course: Course, file: IO[bytes]) -> int:
    """Write the draft as a zip; the same draft gives the same bytes. Return the number of files."""
    files = DraftFiles(course, course.organisation)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files.paths():
            entry = zipfile.ZipInfo(f"{course.slug}/{path}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as target:
                for chunk in files.chunks(path):
                    target.write(chunk)
    return len(files.paths())
