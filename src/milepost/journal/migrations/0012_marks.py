"""Entries carry the mark of who wrote them and name the one before. Those that wait for their seal get theirs here."""

from array import array
from importlib import import_module

from django.conf import settings
from django.db import migrations, models

from milepost.journal.chaining import mark_of

erasure = import_module("milepost.journal.migrations.0006_erasure")
vocabulary = import_module("milepost.journal.migrations.0008_vocabulary")
index = import_module("milepost.journal.migrations.0011_index")
COLUMNS = {
    "postgresql": {"after_id": "bigint DEFAULT 0", "after": "bytea DEFAULT ''", "mark": "bytea DEFAULT ''"},
    "sqlite": {"after_id": "bigint DEFAULT 0", "after": "BLOB DEFAULT x''", "mark": "BLOB DEFAULT x''"},
}
BEFORE = [*vocabulary.SAME, *index.COLUMNS]
WIDTH = 256  # leaves in a tile


def add(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for name, column in COLUMNS[vendor].items():
        # As `AddField` would, but for SQLite, where that copies the whole table and loses its triggers.
        schema_editor.execute(f'ALTER TABLE journal_entry ADD COLUMN "{name}" {column} NOT NULL', params=None)


def mark(apps, schema_editor):
    open_table, close_table = TO_UPDATE[vendor := schema_editor.connection.vendor]
    schema_editor.execute(open_table, params=None)
    mark_unsealed(apps)
    for statement in (*close_table, *index.keep([*BEFORE, *COLUMNS[vendor]])[vendor]):
        schema_editor.execute(statement, params=None)


TO_UPDATE = {
    "postgresql": (
        "ALTER TABLE journal_entry DISABLE TRIGGER journal_entry_frozen",
        ["ALTER TABLE journal_entry ENABLE TRIGGER journal_entry_frozen"],
    ),
    # The trigger that is made anew afterwards is dropped first there: here it must be gone already.
    "sqlite": (
        "DROP TRIGGER journal_entry_no_update",
        ["CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry BEGIN SELECT 1; END"],
    ),
}


def mark_unsealed(apps):
    """Whoever updates vouches for what is not sealed yet, as it lies there."""
    Entry, Tile, Seal, Tree, Unfolded = (
        apps.get_model("journal", name) for name in ("Entry", "Tile", "Seal", "Tree", "Unfolded")
    )
    unsealed = set(Unfolded.objects.values_list("entry_id", flat=True))
    for tree in Tree.objects.all():
        seal = Seal.objects.filter(organisation_id=tree.organisation_id).order_by("-number").first()
        size = seal.size if seal else 0
        tiles = Tile.objects.filter(organisation_id=tree.organisation_id, level=0, index__gte=size // WIDTH)
        for tile in tiles:
            numbers = array("q", bytes(tile.entries))
            unsealed.update(numbers[max(0, size - tile.index * WIDTH) :])
    for number in sorted(unsealed):
        for entry in Entry.objects.filter(pk=number):
            Entry.objects.filter(pk=number).update(mark=mark_of(entry, settings.SECRET_KEY))


def unmark(apps, schema_editor):
    for statement in index.keep(BEFORE)[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def drop(apps, schema_editor):
    for name in COLUMNS[schema_editor.connection.vendor]:
        schema_editor.execute(f'ALTER TABLE journal_entry DROP COLUMN "{name}"', params=None)


class Migration(migrations.Migration):
    dependencies = [("journal", "0011_index")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add, drop)],
            state_operations=[
                migrations.AddField("entry", "after_id", models.BigIntegerField(default=0)),
                migrations.AddField("entry", "after", models.BinaryField(default=b"", max_length=16)),
                migrations.AddField("entry", "mark", models.BinaryField(default=b"", max_length=16)),
            ],
        ),
        migrations.RunPython(mark, unmark),
    ]
