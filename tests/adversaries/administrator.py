"""An administrator with the database and the files, and without the secret: each column of each row's kind, rows gone and doubled, files.

What they do is held against `milepost journal verify`, and a dossier that is made afterwards against one from before.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Model

from milepost.core.refusals import Refused
from milepost.journal import folding, tiles, watching
from milepost.journal.models import Entry, IndexPage, Tile, Tree, Unfolded
from milepost.journal.sealing import seal
from milepost.journal.verification import verify as verify_journal
from milepost.verify import Broken
from tests.adversaries.changes import another
from tests.adversaries.given_out import Reader, World, contents, dossier_of, put_back
from tests.adversaries.table import NOTHING, Tampering

SEALED = "administrator, after the seal"
WAITING = "administrator, before the seal"
JOURNAL = (
    "journal.entry",
    "journal.tile",
    "journal.tree",
    "journal.indexpage",
    "journal.seal",
    "journal.timestamp",
    "journal.sealcheckpoint",
    "journal.cosignature",
    "journal.signingkey",
    "journal.logkey",
    "journal.logkeyendorsement",
)
ROOMS = (
    "people",
    "courses",
    "learning",
    "classroom",
    "credentials",
    "documents",
    "evidence",
    "attestations",
    "receipts",
)
NOTE_OF_RECORDS = "as-the-organisation-says/"
REFUSED = (
    DatabaseError,
    tiles.BrokenTree,
    Refused,
    Broken,
    ObjectDoesNotExist,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
)


def drop_triggers() -> None:
    """As somebody who has full access does first."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for model in apps.get_app_config("journal").get_models():
                if model._meta.model_name != "entry":
                    cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER USER")
            cursor.execute("DROP TRIGGER journal_entry_frozen ON journal_entry")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'journal%%'")
            for (name,) in cursor.fetchall():
                if "insert" not in name and "queue" not in name:
                    cursor.execute(f"DROP TRIGGER {name}")


def of_state() -> list[str]:
    """Every kind of row from which something that is given out is made."""
    return [model._meta.label_lower for room in ROOMS for model in apps.get_app_config(room).get_models()]


class Held:
    """What is compared after each tampering: the journal, and a dossier against the one from before."""

    def __init__(self, world: World, reader: Reader) -> None:
        self.world, self.reader = world, reader
        self.before = dossier_of(world)
        self.state = reader.report(self.before).state
        self.files = self._given_out(self.again())

    def again(self) -> bytes:
        """A dossier that is made now; what making it leaves behind is taken back."""
        with put_back():
            return dossier_of(self.world_now())

    def world_now(self) -> World:
        """The action read anew: the rows may be others."""
        action = type(self.world.action).objects.select_related("organisation", "course").get(pk=self.world.action.pk)
        return World(action.organisation, self.world.lead, self.world.course, self.world.session, action)

    def finds(self) -> str:
        """What finds it, or says that it has no effect; '' for nobody."""
        number = self.world.organisation.pk
        try:
            found = verify_journal(number)
        except REFUSED as error:
            return f"journal verify ({type(error).__name__})"
        if found.finding or found.missed:
            return "journal verify"
        try:
            made = self.again()
        except Exception:  # whatever what is typeset makes of it
            return "no dossier can be made"
        try:
            self.reader.report(made, earlier=self.state)
        except Broken:
            return "verify of a dossier made afterwards"
        files = self._given_out(made)
        changed = {name for name in files.keys() | self.files.keys() if files.get(name) != self.files.get(name)}
        if not changed:
            return NOTHING
        return "named “as the organisation says”" if all(name.startswith(NOTE_OF_RECORDS) for name in changed) else ""

    def _given_out(self, content: bytes) -> dict[str, Any]:
        """What says something in a dossier: records, in whatever order their rows are, pieces and facts; not what is made anew each time."""
        return {
            name: sorted(line.rstrip(b",") for line in data.splitlines())
            if name.startswith("records/attendance.")
            else data
            for name, data in contents(content).items()
            if name.startswith(("records/", "pieces/", NOTE_OF_RECORDS, "journal/entries"))
        }


def of_rows(who: str, labels: Sequence[str], held: Callable[[], str]) -> Iterator[Tampering]:
    """Of each kind of row: every column of one by chance, taken from another row, the row gone, and doubled."""
    for label in labels:
        model = apps.get_model(label)
        rows = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
        if rows:
            yield from of_row(who, model, Random(label).choice(rows), rows, held)


def of_waiting(entries: Sequence[int], held: Callable[[], str]) -> Iterator[Tampering]:
    """Of what no seal covers: each such entry, its place in the queue, and what the tree has of it already."""
    for pk in entries:
        for model in (Entry, Unfolded):
            if model._base_manager.filter(pk=pk).exists():
                yield from of_row(WAITING, model, pk, list(entries), held)
    for model in (Tree, Tile, IndexPage):
        rows = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
        for pk in rows[-4:]:
            yield from of_row(WAITING, model, pk, rows, held)
    for pk in entries:
        both = "DELETE FROM journal_unsealed WHERE entry_id = %s", "DELETE FROM journal_entry WHERE id = %s"
        last = " the last" if pk == max(entries) else ""
        yield Tampering(
            WAITING, f"journal.entry: gone with its place in the queue{last}", trial(held, *((sql, pk) for sql in both))
        )


def of_row(who: str, model: type[Model], pk: Any, rows: list[Any], held: Callable[[], str]) -> Iterator[Tampering]:
    label, table = model._meta.label_lower, model._meta.db_table
    quoted = connection.ops.quote_name
    key = quoted(model._meta.pk.column)
    for column in model._meta.concrete_fields:
        if column.primary_key and model is not Entry:
            continue  # a number without a meaning
        value = model._base_manager.filter(pk=pk).values_list(column.attname, flat=True)[0]
        changes = {"another value": another_of(column, value)}
        for other in (pk for pk in rows if not column.primary_key):
            taken = model._base_manager.filter(pk=other).values_list(column.attname, flat=True)[0]
            if _plain(taken) != _plain(value):
                changes["that of another row"] = taken
                break
        for how, new in changes.items():
            if new is not None:
                sql = f"UPDATE {table} SET {quoted(column.column)} = %s WHERE {key} = %s"
                yield Tampering(
                    who,
                    f"{label}.{column.name}: {how}",
                    trial(held, (sql, column.get_db_prep_save(new, connection), pk)),
                )
    yield Tampering(who, f"{label}: a row gone", trial(held, (f"DELETE FROM {table} WHERE {key} = %s", pk)))
    names = ", ".join(quoted(one.column) for one in model._meta.concrete_fields if not one.primary_key)
    if model._meta.pk.get_internal_type().endswith("AutoField"):
        sql = f"INSERT INTO {table} ({names}) SELECT {names} FROM {table} WHERE {key} = %s"
        yield Tampering(who, f"{label}: a row twice", trial(held, (sql, pk)))


def trial(held: Callable[[], str], *statements: tuple[Any, ...]) -> Callable[[], str | None]:
    """Run these statements, look, and put everything back. What the database itself does not take is not tried: None."""

    def attempt() -> str | None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for sql, *values in statements:
                    cursor.execute(sql, values)
                    if not cursor.rowcount:
                        return None
        except DatabaseError:
            return None
        return held()

    return lambda: undone(attempt)


def undone(attempt: Callable[[], str | None]) -> str | None:
    """What it comes to, without anything that it did; a database that fails over it finds it."""
    with transaction.atomic():
        try:
            with put_back():
                return attempt()
        except DatabaseError:
            return "the database fails"


def another_of(column: Any, value: Any) -> Any:
    """A value of the column's sort that is not the one there; None where there is none to think of."""
    if column.is_relation or (column.primary_key and not isinstance(value, int)):
        return None
    match value:
        case bytes() | memoryview():
            content = bytes(value)
            return bytes([content[0] ^ 1]) + content[1:] if content else b"\x01"
        case datetime():
            return value - timedelta(days=40)
        case date():
            return value - timedelta(days=40)
        case timedelta():
            return value + timedelta(minutes=1)
        case dict() | list():
            return _within(value)
        case None:
            return None
        case bool() | int() | float() | str():
            return another(value) if not isinstance(column, models.AutoField) else value + 1_000
    return None


def _within(value: Any) -> Any:
    """The same with the first leaf another."""
    from tests.adversaries.changes import of_json, put

    return next((put(value, where, to) for where, to in of_json(value) if where), ["x"])


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def of_files(held: Callable[[], str], names: Sequence[str], folder: Path) -> Iterator[Tampering]:
    """Of the files that a dossier has: each with a byte changed, cut off, gone, another's in its place."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name in names]
    for at, path in enumerate(paths):
        content = path.read_bytes()
        changes = {
            "a byte": bytes([content[0] ^ 1]) + content[1:],
            "cut off": content[: len(content) // 2],
            "gone": None,
            "that of another": paths[at - 1].read_bytes(),
        }
        for how, new in changes.items():
            yield Tampering(SEALED, f"file {at}: {how}", file_trial(held, path, new))


def of_memory(held: Callable[[], str], path: Path) -> Iterator[Tampering]:
    """Of the second memory: each line changed or gone, lines in another order, cut off, gone."""
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    for at, line in enumerate(lines):
        rest = [*lines[:at], *lines[at + 1 :]]
        for how, new in (
            ("another root", line.replace(b'root\\":\\"', b'root\\":\\"00', 1)),
            ("another size", line.replace(b'size\\":', b'size\\":1', 1)),
            ("no JSON", b"x" + line),
        ):
            yield Tampering(
                SEALED,
                f"second memory, line {at}: {how}",
                file_trial(held, path, b"".join([*lines[:at], new, *lines[at + 1 :]])),
            )
        yield Tampering(SEALED, f"second memory, line {at}: gone", file_trial(held, path, b"".join(rest)))
    yield Tampering(SEALED, "second memory: its end cut off", file_trial(held, path, b"".join(lines[:-1])))
    yield Tampering(SEALED, "second memory: half a line at its end", file_trial(held, path, content[:-20]))
    yield Tampering(SEALED, "second memory: gone", file_trial(held, path, None))


def file_trial(held: Callable[[], str], path: Path, new: bytes | None) -> Callable[[], str | None]:
    def attempt() -> str | None:
        content = path.read_bytes()
        if new == content:
            return None
        mode = path.stat().st_mode
        path.chmod(0o600)
        if new is None:
            path.unlink()
        else:
            path.write_bytes(new)
        try:
            return undone(held)
        finally:
            path.write_bytes(content)
            path.chmod(mode)

    return attempt


def look_at_the_memory(number: int) -> str:
    """What looks at the second memory: `journal verify`, and the page that monitors ask (`/readyz`)."""
    from milepost.journal import second_memory

    if verify_journal(number).finding:
        return "journal verify"
    try:
        second_memory.refuse_other_past(number)
        second_memory.refuse_short(number)
    except Refused as error:
        return f"/readyz ({type(error).__name__})"
    return "/readyz (forgotten)" if second_memory.forgotten(number) else ""


def memory_of(world: World) -> Path:
    folder = Path(settings.ENVIRONMENT.data) / "seals"
    return next(path for path in folder.iterdir() if path.suffix == ".jsonl")


class Waiting:
    """What becomes of it at the next seal: the entry is not sealed, or nothing is, or `journal verify` says so; or all is sealed as it was."""

    def __init__(self, world: World) -> None:
        self.number = world.organisation.pk
        with put_back():
            assert self._sealed() == ""
            self.untouched = self._said()

    def finds(self) -> str:
        if verify_journal(self.number).finding:
            return "journal verify, before the seal"
        watching.look()
        return self._sealed() or (NOTHING if self._said() == self.untouched else "")

    def _sealed(self) -> str:
        try:
            folding.fold(self.number)
            seal(self.number)
        except REFUSED:
            return "it is not sealed"
        found = verify_journal(self.number)
        if found.missed:
            return "a fact that says so"
        return "journal verify, after the seal" if found.finding else ""

    def _said(self) -> list[Any]:
        """All that facts say, and by what they are found, in the order of the tree."""
        numbers = tiles.entries_from(self.number, 0, limit=10_000)
        columns = ("time", "fact", "verb", "actor_id", "object_id", "about", "holder", "also", "statement")
        return [Entry.objects.filter(pk=number).values_list(*columns).get() for number in numbers]
