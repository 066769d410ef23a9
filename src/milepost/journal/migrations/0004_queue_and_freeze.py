from django.db import migrations

from milepost.core.frozen import FreezeRows

QUEUE = {
    "postgresql": [
        """CREATE FUNCTION journal_queue() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO journal_unsealed (entry_id, organisation_id) SELECT id, organisation_id FROM added;
        RETURN NULL; END $$""",
        """CREATE TRIGGER journal_entry_queued AFTER INSERT ON journal_entry
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION journal_queue()""",
    ],
    "sqlite": [
        """CREATE TRIGGER journal_entry_queued AFTER INSERT ON journal_entry BEGIN
        INSERT INTO journal_unsealed (entry_id, organisation_id) VALUES (NEW.id, NEW.organisation_id); END""",
    ],
}
# A tile may be added to until it is full; what it holds stays, and no tile goes.
GROW = {
    "postgresql": [
        """CREATE FUNCTION journal_tile_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' OR substring(NEW.hashes FOR length(OLD.hashes)) <> OLD.hashes
            OR substring(NEW.entries FOR length(OLD.entries)) <> OLD.entries
            OR (NEW.organisation_id, NEW.level, NEW.index) <> (OLD.organisation_id, OLD.level, OLD.index) THEN
        RAISE EXCEPTION 'milepost: rows of % are never changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation'; END IF;
        RETURN NEW; END $$""",
        """CREATE TRIGGER journal_tile_grows BEFORE UPDATE OR DELETE ON journal_tile
        FOR EACH ROW EXECUTE FUNCTION journal_tile_grows()""",
    ],
    "sqlite": [
        """CREATE TRIGGER journal_tile_no_update BEFORE UPDATE ON journal_tile
        WHEN substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes
            OR substr(NEW.entries, 1, length(OLD.entries)) <> OLD.entries
            OR NEW.organisation_id <> OLD.organisation_id OR NEW.level <> OLD.level OR NEW."index" <> OLD."index"
        BEGIN SELECT RAISE(ABORT, 'milepost: rows of journal_tile are never changed or deleted'); END""",
        """CREATE TRIGGER journal_tile_no_delete BEFORE DELETE ON journal_tile
        BEGIN SELECT RAISE(ABORT, 'milepost: rows of journal_tile are never changed or deleted'); END""",
    ],
}


def install(apps, schema_editor):
    for statement in (*QUEUE[schema_editor.connection.vendor], *GROW[schema_editor.connection.vendor]):
        schema_editor.execute(statement, params=None)
    # What was recorded before there were seals waits for its seal now.
    schema_editor.execute(
        "INSERT INTO journal_unsealed (entry_id, organisation_id) SELECT id, organisation_id FROM journal_entry"
    )


class Migration(migrations.Migration):
    dependencies = [("journal", "0003_seals")]

    operations = [
        migrations.RunPython(install),
        FreezeRows("Seal"),
        FreezeRows("Timestamp"),
    ]
