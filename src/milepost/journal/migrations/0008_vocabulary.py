"""Entries say of which fact type they are and what they belong to, and name the organisation by its uid.

A journal in the form before has no entries here: `milepost.journal.earlier` refuses it before any migration.
"""

from importlib import import_module

from django.db import migrations, models

erasure = import_module("milepost.journal.migrations.0006_erasure")
queue = import_module("milepost.journal.migrations.0004_queue_and_freeze")
SAME = [*erasure.SAME, "fact", "about"]


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        same = [", ".join(f"{row}.{name}" for name in SAME) for row in ("NEW", "OLD")]
        schema_editor.execute(
            f"""CREATE OR REPLACE FUNCTION journal_entry_keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'UPDATE' AND {erasure.ERASES} AND ({same[0]}) = ({same[1]}) THEN RETURN NEW; END IF;
            RAISE EXCEPTION '{erasure.REFUSE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            params=None,
        )
        return
    # SQLite has built the table anew for its columns, and lost its triggers with the old one.
    same = " AND ".join(f"NEW.{name} = OLD.{name}" for name in SAME)
    for statement in (
        f"""CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
        WHEN NOT ({erasure.ERASES} AND {same}) BEGIN SELECT RAISE(ABORT, '{erasure.REFUSE}'); END""",
        f"""CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry
        BEGIN SELECT RAISE(ABORT, '{erasure.REFUSE}'); END""",
        *queue.QUEUE["sqlite"],
    ):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("journal", "0007_trees_and_cursors")]

    operations = [
        migrations.AddField("entry", "fact", models.CharField(max_length=64, default=""), preserve_default=False),
        migrations.AddField("entry", "about", models.CharField(max_length=160, default=""), preserve_default=False),
        migrations.AddIndex(
            "entry", models.Index(fields=["organisation_id", "about", "id"], name="entry_by_subject")
        ),
        migrations.RunPython(install),
    ]
