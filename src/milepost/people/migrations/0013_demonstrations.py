"""An organisation is for demonstration from birth or never: the database refuses to change that.

The demonstration that earlier versions built is known by its address and its people, who are all at a name that nobody can have
(RFC 2606, section 3). It is the one that is marked afterwards.
"""

from django.db import migrations, models

SLUG, DOMAIN = "aldermoor", "@aldermoor.example"
REFUSE = "milepost: an organisation is for demonstration from birth or never"
KEEP = {
    "postgresql": [
        f"""CREATE FUNCTION people_demonstration_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION '{REFUSE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE TRIGGER people_demonstration_stays BEFORE UPDATE ON people_organisation FOR EACH ROW
        WHEN (OLD.is_demonstration <> NEW.is_demonstration OR OLD.uid <> NEW.uid) EXECUTE FUNCTION people_demonstration_stays()""",
    ],
    "sqlite": [
        f"""CREATE TRIGGER people_demonstration_stays BEFORE UPDATE ON people_organisation
        WHEN OLD.is_demonstration <> NEW.is_demonstration OR OLD.uid <> NEW.uid
        BEGIN SELECT RAISE(ABORT, '{REFUSE}'); END""",
    ],
}
LET_GO = {
    "postgresql": [
        "DROP TRIGGER people_demonstration_stays ON people_organisation",
        "DROP FUNCTION people_demonstration_stays()",
    ],
    "sqlite": ["DROP TRIGGER people_demonstration_stays"],
}


def recognise(apps, schema_editor):
    members = apps.get_model("people", "Member").objects
    for organisation in apps.get_model("people", "Organisation").objects.filter(slug=SLUG):
        people = members.filter(organisation=organisation)
        if people.exists() and not people.exclude(email__endswith=DOMAIN).exists():
            organisation.is_demonstration = True
            organisation.save(update_fields=["is_demonstration"])


def run(statements):
    def execute(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return execute


class Migration(migrations.Migration):
    dependencies = [("people", "0012_bulk_acts_in_the_background")]

    operations = [
        migrations.AddField(
            "organisation", "is_demonstration", models.BooleanField(db_default=False, default=False, editable=False)
        ),
        migrations.RunPython(recognise, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(run(KEEP), run(LET_GO)),
    ]
