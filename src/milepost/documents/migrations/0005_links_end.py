"""Links of signatories end. Those that were sent before go on for as long as one that is sent now."""

from django.db import migrations, models

from milepost.core import clock


def renew(apps, schema_editor):
    apps.get_model("documents", "Signatory").objects.update(link_renewed_at=clock.now())


class Migration(migrations.Migration):
    dependencies = [("documents", "0004_identified_browsers")]

    operations = [
        migrations.AddField("signatory", "link_renewed_at", models.DateTimeField(null=True)),
        migrations.RunPython(renew, migrations.RunPython.noop, elidable=True),
    ]
