"""Hold the store against the models: which files are missing, which are damaged, and which nothing needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.files.storage import default_storage

from milepost.core import blobs, clock
from milepost.core.blobs.folder import INCOMING
from milepost.core.blobs.references import Tenant, mentions, references, unused
from milepost.core.blobs.removing import remove_unused

GRACE = timedelta(days=1)  # a file is stored before the row that refers to it


@dataclass
class Report:
    """What was found in one organisation. `missing` tells for each digest which row names it."""

    sound: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    unreferenced: list[str] = field(default_factory=list)
    removed: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether everything that is needed is there as it was stored."""
        return not self.missing and not self.damaged


def check(
    organisation: Tenant, *, remove_unreferenced: bool = False, seen: Callable[[int], object] = lambda count: None
) -> Report:
    """Read every file of the organisation. `seen` is called with 1 for each.

    With `remove_unreferenced`, what nothing refers to and nothing tells of goes, a day after it was last stored.
    """
    report, needed = Report(), _needed(organisation)
    there = set()
    for digest in _stored(organisation):
        there.add(digest)
        seen(1)
        try:
            for _chunk in blobs.chunks(organisation.uid, digest):
                pass
        except blobs.Missing:
            continue  # erased in this moment
        except blobs.Damaged:
            report.damaged.append(digest)
        else:
            report.sound += 1
    lost = {digest for digest in needed.keys() - there if not blobs.is_there(organisation.uid, digest)}
    report.missing = {digest: needed[digest] for digest in sorted(lost - unused(organisation, lost))}
    mentioned = {digest for name in mentions.all() for digest in name(organisation)}
    report.unreferenced = sorted(unused(organisation, there - needed.keys() - mentioned))
    if remove_unreferenced:
        too_young = remove_unused(organisation, report.unreferenced, quiet=GRACE)
        report.removed = len(report.unreferenced) - len(too_young)
    return report


def _needed(organisation: Tenant) -> dict[str, str]:
    """Every digest that a row refers to, with the row."""
    return {
        digest: f"{reference.model._meta.verbose_name} {key}"
        for reference in references()
        for key, digest in reference.named(organisation)
    }


def _stored(organisation: Tenant) -> Iterator[str]:
    root = f"blobs/{organisation.uid}"
    for shelf in _folders(root):
        for name in default_storage.listdir(f"{root}/{shelf}")[1]:
            yield shelf + name


def _folders(path: str) -> list[str]:
    try:
        return sorted(default_storage.listdir(path)[0])
    except FileNotFoundError:
        return []


def clear_incoming() -> int:
    """Take away what a kill or a power cut left half-written, after a day; return how many files that were."""
    try:
        names = default_storage.listdir(INCOMING)[1]
    except FileNotFoundError:
        return 0
    left = [f"{INCOMING}/{name}" for name in names]
    old = [path for path in left if _is_old(path)]
    for path in old:
        default_storage.delete(path)
    return len(old)


def _is_old(path: str) -> bool:
    try:
        return default_storage.get_modified_time(path) < clock.now() - GRACE
    except FileNotFoundError:
        return False
