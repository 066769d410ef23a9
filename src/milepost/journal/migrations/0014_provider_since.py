"""Since when a provider's key is in use: for those that are, since they were taken."""

from django.db import migrations, models
from django.db.models import F, Q


def tell_since(apps, _schema_editor):
    keys = apps.get_model("journal", "SigningKey").objects.filter(private__startswith="csc:")
    keys.update(provider_since=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("journal", "0013_nameless")]

    operations = [
        migrations.AddField("signingkey", "provider_since", models.DateTimeField(null=True)),
        migrations.RunPython(tell_since, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "signingkey",
            models.CheckConstraint(
                condition=Q(private__startswith="csc:", provider_since__isnull=False)
                | (~Q(private__startswith="csc:") & Q(provider_since=None)),
                name="in_use_with_a_provider_since",
            ),
        ),
    ]
