from django.db import migrations

# The one change that an entry takes: its words and its salt go, all else stays. What is erased can't come back.
SAME = "id organisation_id time verb actor_id object_id leaf".split()
ERASES = "OLD.statement <> '' AND NEW.statement = '' AND length(NEW.salt) = 0"
REFUSE = "milepost: rows of journal_entry are never changed or deleted"
INSTALL = {
    "postgresql": [
        f"""CREATE FUNCTION journal_entry_keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'UPDATE' AND {ERASES} AND ({", ".join(f"NEW.{name}" for name in SAME)})
            = ({", ".join(f"OLD.{name}" for name in SAME)}) THEN RETURN NEW; END IF;
        RAISE EXCEPTION '{REFUSE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        "DROP TRIGGER journal_entry_frozen ON journal_entry",
        """CREATE TRIGGER journal_entry_frozen BEFORE UPDATE OR DELETE ON journal_entry
        FOR EACH ROW EXECUTE FUNCTION journal_entry_keeps()""",
    ],
    "sqlite": [
        "DROP TRIGGER journal_entry_no_update",
        f"""CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
        WHEN NOT ({ERASES} AND {" AND ".join(f"NEW.{name} = OLD.{name}" for name in SAME)})
        BEGIN SELECT RAISE(ABORT, '{REFUSE}'); END""",
    ],
}
UNDO = {
    "postgresql": [
        "DROP TRIGGER journal_entry_frozen ON journal_entry",
        """CREATE TRIGGER journal_entry_frozen BEFORE UPDATE OR DELETE ON journal_entry
        FOR EACH ROW EXECUTE FUNCTION milepost_refuse()""",
        "DROP FUNCTION journal_entry_keeps()",
    ],
    "sqlite": [
        "DROP TRIGGER journal_entry_no_update",
        f"""CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
        BEGIN SELECT RAISE(ABORT, '{REFUSE}'); END""",
    ],
}


def run(statements):
    def execute(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return execute


class Migration(migrations.Migration):
    dependencies = [("journal", "0005_endorsements")]

    operations = [migrations.RunPython(run(INSTALL), run(UNDO))]
