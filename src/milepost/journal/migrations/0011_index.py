"""Entries name the person whose they are and the action that they belong to, too; beside the tree stands an index.

The index of a journal that exists is made afterwards, in batches: its trees say that nothing is in it yet.
"""

from importlib import import_module

from django.db import migrations, models

erasure = import_module("milepost.journal.migrations.0006_erasure")
vocabulary = import_module("milepost.journal.migrations.0008_vocabulary")
COLUMNS = ("holder", "also")


def keep(same):
    """What sees to it that an erasure takes words and salt alone."""
    new, old = (", ".join(f"{row}.{name}" for name in same) for row in ("NEW", "OLD"))
    each = " AND ".join(f"NEW.{name} = OLD.{name}" for name in same)
    return {
        "postgresql": [
            f"""CREATE OR REPLACE FUNCTION journal_entry_keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'UPDATE' AND {erasure.ERASES} AND ({new}) = ({old}) THEN RETURN NEW; END IF;
            RAISE EXCEPTION '{erasure.REFUSE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        ],
        "sqlite": [
            "DROP TRIGGER journal_entry_no_update",
            f"""CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
            WHEN NOT ({erasure.ERASES} AND {each}) BEGIN SELECT RAISE(ABORT, '{erasure.REFUSE}'); END""",
        ],
    }


# As `AddField` would, but for SQLite, where that copies the whole table and loses its triggers.
ADD = [f"ALTER TABLE journal_entry ADD COLUMN {name} varchar(64) DEFAULT '' NOT NULL" for name in COLUMNS]
DROP = [f"ALTER TABLE journal_entry DROP COLUMN {name}" for name in COLUMNS]


def install(apps, schema_editor):
    for statement in (*ADD, *keep([*vocabulary.SAME, *COLUMNS])[schema_editor.connection.vendor]):
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    for statement in (*keep(vocabulary.SAME)[schema_editor.connection.vendor], *DROP):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("journal", "0010_revocations")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(install, remove)],
            state_operations=[
                migrations.AddField("entry", name, models.CharField(max_length=64, default="", db_default=""))
                for name in COLUMNS
            ],
        ),
        migrations.AddIndex(
            "entry",
            models.Index(fields=["organisation_id", "also", "id"], name="entry_by_action", condition=~models.Q(also="")),
        ),
        migrations.AddField("tree", "indexed", models.BigIntegerField(default=0)),
        migrations.CreateModel(
            name="IndexPage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("place", models.CharField(max_length=130)),
                ("content", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation_id", "place"), name="index_page_once")
                ]
            },
        ),
    ]
