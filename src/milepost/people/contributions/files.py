"""The kinds of files that rooms keep of actions and people."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import ClassVar

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from milepost.journal.recording import Reference
from milepost.people.contributions.scope import Scope
from milepost.people.models import Member


class Listed(StrEnum):
    """Where an auditor finds the files of a kind."""

    ACTION = "action"  # on the action's page, and on a person's page those that name nobody else
    PERSON = "person"  # on a person's page alone: there is one of each for everybody
    NOWHERE = ""


@dataclass(frozen=True)
class MadeFile:
    """A file that is made when it is asked for, and kept nowhere. `path` is where it lies in a receipt."""

    path: str
    content: bytes


@dataclass(frozen=True)
class File:
    """A blob that belongs to an action or a person.

    `path` is where it lies in a dossier, below `pieces/`; without one it is no evidence, and goes with the rest only. It
    names things by their uid: a key of the database tells others how much is kept, and is another one elsewhere.
    `thing` is the object of the facts that say what became of the file (a signature, a time stamp), so that a dossier
    holds it as these facts tell of it; without one the facts must name `digest` itself.
    """

    digest: str
    path: str = ""
    thing: str = ""


class FileKind[Row: Model](ABC):
    """One kind of file: which rows have one, and how a row tells of its own. `name` stands in addresses."""

    name: ClassVar[str]
    heading: ClassVar["str | Promise"] = gettext_lazy("Files")  # what several of them are called, on a dossier's cover
    model: type[Row]
    listed: ClassVar[Listed] = Listed.ACTION
    in_dossier: ClassVar[bool] = True
    in_receipt: ClassVar[bool] = False  # it speaks of what one person achieved, to whomever they show it
    is_export: ClassVar[bool] = False  # whoever opens one takes many records along: “exported”, not “viewed”

    def of_action(self, scope: Scope) -> "QuerySet[Row]":
        """The rows of the action that have such a file, in an order that stays."""
        return self.model._default_manager.none()

    def of_person(self, member: Member) -> "QuerySet[Row]":
        """The rows whose file the person gets with their data, and that goes with them unless others need it."""
        return self.model._default_manager.none()

    @abstractmethod
    def file(self, row: Row) -> File:
        """The row's file."""

    def beside(self, row: Row) -> Iterable[File]:
        """More files of the same row: annexes, what it was made from."""
        return ()

    def made(self, row: Row) -> Iterable[MadeFile]:
        """What is made of the row for its person, and lies beside the file in their receipt."""
        return ()

    def title(self, row: Row) -> str:
        """What people call the file."""
        return str(row)

    def note(self, row: Row) -> str:
        """A few words below the title."""
        return ""

    def download_name(self, row: Row) -> str:
        """What the file is called once it was downloaded: as in a dossier."""
        return self.file(row).path.rpartition("/")[2] or self.name

    def reference(self, row: Row, scope: Scope) -> Reference:
        """What an auditor opened, for the fact that says so."""
        return scope.reference


def ending_of(name: str) -> str:
    """The ending of a file's name, with its dot, where it is a plain one: what a file is opened by, and nothing that facts do not know."""
    ending = PurePath(name).suffix
    return ending.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,10}", ending) else ""


def safe_name(name: str) -> str:
    """A file's name as somebody gave it, as a name inside of a zip that every system can unpack."""
    kept = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    return kept[-60:].lstrip(".")
