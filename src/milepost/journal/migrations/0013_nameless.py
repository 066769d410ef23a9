"""An erasure takes from an entry who did what to what and when, too; those of before lose it here."""

from array import array
from importlib import import_module

from django.db import migrations

from milepost.journal.sparse import without_uid

erasure = import_module("milepost.journal.migrations.0006_erasure")
index = import_module("milepost.journal.migrations.0011_index")
marks = import_module("milepost.journal.migrations.0012_marks")
GOES = " AND ".join(f"NEW.{name} IN (OLD.{name}, '')" for name in ("fact", "verb", "actor_id", "object_id"))
KEPT = ["id", "organisation_id", "leaf", "also", "after_id", "after", "mark"]


def keep():
    """What sees to it that an erasure takes words and salt, and who did what to what, and leaves the rest."""
    is_erasure = f"{erasure.ERASES} AND {GOES} AND " + " AND ".join(f"NEW.{name} = OLD.{name}" for name in KEPT)
    return {
        "postgresql": [
            f"""CREATE OR REPLACE FUNCTION journal_entry_keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'UPDATE' AND {is_erasure} THEN RETURN NEW; END IF;
            RAISE EXCEPTION '{erasure.REFUSE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        ],
        "sqlite": [
            "DROP TRIGGER journal_entry_no_update",
            f"""CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
            WHEN NOT ({is_erasure}) BEGIN SELECT RAISE(ABORT, '{erasure.REFUSE}'); END""",
        ],
    }


def install(apps, schema_editor):
    open_table, close_table = marks.TO_UPDATE[vendor := schema_editor.connection.vendor]
    schema_editor.execute(open_table, params=None)
    forget(apps)
    for statement in (*close_table, *keep()[vendor]):
        schema_editor.execute(statement, params=None)


def forget(apps):
    Entry, Tile, Seal = (apps.get_model("journal", name) for name in ("Entry", "Tile", "Seal"))
    for seal in Seal.objects.order_by("organisation_id", "-number"):
        tiles = Tile.objects.filter(organisation_id=seal.organisation_id, level=0).order_by("index")
        if Seal.objects.filter(organisation_id=seal.organisation_id, number__gt=seal.number).exists():
            continue
        for tile in tiles:
            numbers = array("q", bytes(tile.entries))[: max(0, seal.size - tile.index * marks.WIDTH)]
            for entry in Entry.objects.filter(pk__in=numbers, statement="").exclude(fact=""):
                Entry.objects.filter(pk=entry.pk).update(
                    fact="", verb="", actor_id="", object_id="", holder=without_uid(entry.holder or entry.actor_id)
                )


def remove(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in index.keep([*marks.BEFORE, *marks.COLUMNS[vendor]])[vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("journal", "0012_marks")]

    operations = [migrations.RunPython(install, remove)]
