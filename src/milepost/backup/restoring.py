"""Putting a backup back, on either database: everything was checked before, and is checked once more where it lies then."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from django.apps.registry import Apps
from django.conf import settings

from milepost.backup import loading, reading
from milepost.backup.archive import DamagedBackup, NoBackup
from milepost.backup.making import Progress
from milepost.backup.reading import Contents
from milepost.backup.tables import Table
from milepost.config import schema, secret
from milepost.config.variables import Variables
from milepost.core import blobs
from milepost.core.refusals import Refused
from milepost.journal import keys, second_memory
from milepost.journal.models import Entry
from milepost.journal.verification import verify
from milepost.people.models import Organisation

SECRET_OF_BACKUP = "secret-key-of-backup"  # noqa: S105 (a file's name)


class OtherSecret(Refused):
    """The environment gives a secret under which nothing in the backup opens."""


class JournalDoesNotHold(Refused):
    """The rows are as they were saved, and the journal in them was not whole."""


@dataclass
class Holdings:
    """What stands in the database."""

    organisations: list[str]
    people: int
    facts: int
    last_seal: datetime | None
    findings: list[str] = field(default_factory=list)


def restore(
    path: Path,
    *,
    passphrase: str = "",
    replaces: bool = False,
    despite_findings: bool = False,
    progress: Progress,
    contents: Contents | None = None,
) -> Holdings:
    """Put everything back where this process's settings say; give `contents` if they were checked already.

    Raises `NoBackup` and its kinds, `OtherSecret`, `JournalDoesNotHold`, `loading.InUse`, `loading.NotEmpty` and `loading`'s
    other refusals. The database is as it was then, and so it is after a kill.
    """
    contents = contents or reading.check(path, passphrase)
    _refuse_other_secret(contents)
    with loading.alone():
        if not replaces:
            loading.refuse_unless_empty()
        apps = loading.prepare(contents.migrations)
        return _put_back(path, passphrase, contents, apps, progress, despite_findings=despite_findings)


def _put_back(
    path: Path, passphrase: str, contents: Contents, apps: Apps, progress: Progress, *, despite_findings: bool
) -> Holdings:
    with _staged() as folder, _secrets_of(contents):
        with loading.into(apps) as target:
            _take(path, passphrase, contents, target, folder, progress)
            _hold_against(contents, target, progress)
            is_current = not schema.is_behind()
            found = journal_findings(folder, progress) if is_current else []
            if found and not despite_findings:
                raise JournalDoesNotHold(f"The journal in this backup does not hold: {found[0]}. Nothing was changed.")
            holdings = _holdings(apps, found)
            _be_another_witness(apps)
            _place(contents, folder, apps)
        if not is_current:
            with schema.in_turn():
                schema.catch_up()
            holdings.findings = journal_findings(None, progress)
    return holdings


def _refuse_other_secret(contents: Contents) -> None:
    """Where a variable gives the secret, nothing here can change it."""
    theirs, ours = contents.secrets["secret"], [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not Variables().text(secret.SECRET) or theirs in ours:
        return
    kept = settings.ENVIRONMENT.data / SECRET_OF_BACKUP
    secret.replace(kept, theirs + "\n")
    raise OtherSecret(
        f"This backup was made under another secret than {secret.SECRET} has. It is in {kept} now, for you alone to read: set {secret.SECRET} to it"
        f" on every host, or name it in {secret.FALLBACKS}. Then run this again. Nothing else was changed."
    )


@contextmanager
def _staged() -> Iterator[Path]:
    """A folder of one's own beside the one where seals are remembered, gone at the end."""
    data = Path(settings.ENVIRONMENT.data)
    with TemporaryDirectory(prefix=f"{second_memory.FOLDER}.restoring-", dir=data) as folder:
        yield Path(folder)


@contextmanager
def _secrets_of(contents: Contents) -> Iterator[None]:
    """The secrets of the backup count in this block, with those of before as earlier ones."""
    before = settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS
    settings.SECRET_KEY = contents.secrets["secret"]
    settings.SECRET_KEY_FALLBACKS = [*contents.secrets["earlier"], before[0], *before[1]]
    keys._opened.cache_clear()
    try:
        yield
    finally:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = before
        keys._opened.cache_clear()


def _take(
    path: Path, passphrase: str, contents: Contents, target: loading.Loading, folder: Path, progress: Progress
) -> None:
    """Rows into their tables, files into their store, and what is remembered of seals into the folder."""
    columns = {name: table.columns for name, table in target.tables.items()}
    if contents.about["tables"] != columns:
        raise NoBackup("The tables in this backup are not those of the version that it names. Nothing was changed.")
    with progress(("Restoring"), contents.rows + contents.files) as bar:
        for member, named in reading.read(path, passphrase):
            if name := named.get("table"):
                bar.update(_insert(target, target.tables[name], reading.lines(member)))
            elif key := named.get("key"):
                with (folder / f"{key}.jsonl").open("ab") as file:
                    shutil.copyfileobj(_Chunks(member.chunks), file)
            elif digest := named.get("digest"):
                if blobs.store_stream(UUID(named["organisation"]), member.chunks) != digest:
                    raise DamagedBackup
                bar.update(1)


def _insert(target: loading.Loading, table: Table, lines: list[bytes]) -> int:
    target.insert(table, (table.read(line) for line in lines))
    return len(lines)


class _Chunks:
    """Chunks as a file that is read whole."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _size: int = -1) -> bytes:
        return next(self._chunks, b"")


def _hold_against(contents: Contents, target: loading.Loading, progress: Progress) -> None:
    """Read everything back out of the database: it says to the last bit what the backup does."""
    with progress(("Reading back"), contents.rows) as bar:
        sums = target.sums(bar.update)
    if differing := sorted(name for name, total in sums.items() if total != contents.manifest["tables"].get(name)):
        raise DamagedBackup(f"The rows of {differing[0]} are not those that the backup tells of. Nothing was changed.")


def journal_findings(memory: Path | None, progress: Progress) -> list[str]:
    """What does not hold in any organisation's journal, in words. `memory`: see `verify`."""
    found = []
    with progress(("Checking the journal"), Entry.objects.count()) as bar:
        for organisation in Organisation.objects.order_by("slug"):
            finding = verify(organisation.pk, progress=bar.update, memory=memory).finding
            if finding:
                found.append(f"{organisation.slug}: {finding}")
    return found


def _be_another_witness(apps: Apps) -> None:
    """Cosign the logs of others with another key from now on: what was cosigned since the backup was made is not known any more."""
    if "anchors" in apps.all_models:
        for name in ("WitnessKey", "WitnessedLog"):
            apps.get_model("anchors", name)._base_manager.all().delete()


def _holdings(apps: Apps, findings: list[str]) -> Holdings:
    seal = apps.get_model("journal", "Seal")._base_manager.order_by("time").last()
    slugs = apps.get_model("people", "Organisation")._base_manager.order_by("slug").values_list("slug", flat=True)
    people, facts = (
        apps.get_model(*name)._base_manager.count() for name in (("people", "Member"), ("journal", "Entry"))
    )
    return Holdings(list(slugs), people, facts, seal.time if seal else None, findings)


def _place(contents: Contents, folder: Path, apps: Apps) -> None:
    """Put secret and seals where they belong, as the last thing before the rows are there for good.

    What was remembered of the same keys is put aside, also where the backup remembers nothing: it may tell of later seals.
    Killed in between, nothing is harmed: the secrets of before count on, and the memory of before is beside.
    """
    data = Path(settings.ENVIRONMENT.data)
    if not Variables().text(secret.SECRET):
        secret.put(data, contents.secrets["secret"], contents.secrets["earlier"])
    (data / SECRET_OF_BACKUP).unlink(missing_ok=True)  # it was there to be set, and counts now
    remembered = data / second_memory.FOLDER
    remembered.mkdir(mode=0o700, exist_ok=True)
    for fingerprint in apps.get_model("journal", "SigningKey")._base_manager.values_list("fingerprint", flat=True):
        kept = remembered / f"{fingerprint}.jsonl"
        if kept.exists():
            kept.replace(kept.with_name(f"{kept.name}.before-restore"))
    for restored in sorted(folder.iterdir()):
        restored.replace(remembered / restored.name)
