"""Long absences. Two of one person never share a day: PostgreSQL excludes it, SQLite, which writes one after another, looks."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

REFUSE = "milepost: two absences of one person share a day"
_SHARED = f"""BEGIN SELECT RAISE(ABORT, '{REFUSE}') WHERE EXISTS (
        SELECT 1 FROM people_absence WHERE member_id = NEW.member_id AND id <> NEW.id
        AND (NEW.ends IS NULL OR begins <= NEW.ends) AND (ends IS NULL OR NEW.begins <= ends)); END"""
KEEP = {
    "postgresql": [
        """ALTER TABLE people_absence ADD CONSTRAINT absences_share_no_day EXCLUDE USING gist
        (int8range(member_id, member_id, '[]') WITH &&, daterange(begins, ends, '[]') WITH &&)"""
    ],
    "sqlite": [
        f"CREATE TRIGGER absences_share_no_day_new AFTER INSERT ON people_absence {_SHARED}",
        f"CREATE TRIGGER absences_share_no_day AFTER UPDATE OF begins, ends, member_id ON people_absence {_SHARED}",
    ],
}
LET_GO = {
    "postgresql": ["ALTER TABLE people_absence DROP CONSTRAINT absences_share_no_day"],
    "sqlite": ["DROP TRIGGER absences_share_no_day_new", "DROP TRIGGER absences_share_no_day"],
}


def run(statements):
    def execute(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return execute


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0014_imports_undone'),
    ]

    operations = [
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('begins', models.DateField()),
                ('ends', models.DateField(null=True)),
                ('told_at', models.DateTimeField(null=True)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='absences', to='people.member')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.organisation')),
            ],
            options={
                'ordering': ['begins', 'id'],
                'indexes': [models.Index(condition=models.Q(('told_at', None)), fields=['ends'], name='absence_to_tell')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends', None), ('ends__gte', models.F('begins')), _connector='OR'), name='absence_begins_first'), models.CheckConstraint(condition=models.Q(('told_at', None), ('ends__isnull', False), _connector='OR'), name='absence_told_when_over')],
            },
        ),
        migrations.RunPython(run(KEEP), run(LET_GO)),
    ]
