"""The files of an action as somebody lists and opens them, of every kind that any room brings."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404

from milepost.evidence.contributions import file_kinds
from milepost.journal.recording import Reference
from milepost.people.contributions import FileKind, Listed, Scope

LISTED = 200  # of one kind on one page; what is about one person is on their page too


@dataclass(frozen=True)
class ListedFile:
    """A line in the list: `kind` and `number` are its address."""

    kind: str
    number: int
    title: str
    note: str


@dataclass(frozen=True)
class ListedFiles:
    """The files of one kind, and how many there are beyond those that are listed."""

    lines: list[ListedFile]
    more: int


@dataclass(frozen=True)
class OpenedFile:
    """What somebody takes: its name, what people call it, its fingerprint (SHA-256), and what it is in the journal."""

    name: str
    title: str
    digest: str
    reference: Reference
    is_export: bool


def listed_files(scope: Scope) -> list[ListedFiles]:
    """The files of the action, or of one person in it, kind by kind, and at most `LISTED` of each."""
    kinds = (kind for kind in file_kinds() if _is_listed(kind, scope))
    return [files for files in (_files_of(kind, scope) for kind in kinds) if files.lines]


def _is_listed(kind: FileKind[Any], scope: Scope) -> bool:
    return kind.listed is Listed.ACTION or (kind.listed is Listed.PERSON and scope.member is not None)


def _files_of(kind: FileKind[Any], scope: Scope) -> ListedFiles:
    rows = kind.of_action(scope)
    lines = [ListedFile(kind.name, row.pk, kind.title(row), kind.note(row)) for row in rows[:LISTED]]
    return ListedFiles(lines, rows.count() - LISTED if len(lines) == LISTED else 0)


def opened_file(scope: Scope, kind_name: str, number: int) -> OpenedFile:
    """The file of this kind whose row has this number. Raises `Http404` for what is not the action's, or not listed."""
    for kind in file_kinds():
        if kind.name == kind_name and kind.listed is not Listed.NOWHERE:
            row = kind.of_action(scope).filter(pk=number).first()
            if row is not None:
                digest, reference = kind.file(row).digest, kind.reference(row, scope)
                return OpenedFile(kind.download_name(row), kind.title(row), digest, reference, kind.is_export)
    raise Http404
