from django.db import migrations, models


def keep_out_of_the_log(apps, schema_editor):
    """What the cache holds is no loss after a crash: nobody waits for the disk to have it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE core_kept SET UNLOGGED")


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_tries'),
    ]

    operations = [
        migrations.CreateModel(
            name='Kept',
            fields=[
                ('key', models.CharField(max_length=250, primary_key=True, serialize=False)),
                ('value', models.TextField()),
                ('ends_at', models.FloatField(db_index=True)),
            ],
        ),
        migrations.RunPython(keep_out_of_the_log, migrations.RunPython.noop),
    ]
