from django.db import migrations

from milepost.core.encryption import encrypted

USE = "mfa.authenticator"
SECRETS = ("secret", "seed", "migrated_codes")


def encrypt(apps, _editor):
    """Seeds of TOTP and recovery codes that lie there in the clear."""
    for row in apps.get_model("mfa", "Authenticator").objects.order_by("pk").iterator():
        for name in SECRETS:
            value = row.data.get(name)
            if value:
                row.data[name] = [encrypted(each, USE) for each in value] if isinstance(value, list) else encrypted(value, USE)
        row.save(update_fields=["data"])


class Migration(migrations.Migration):

    dependencies = [
        ("people", "0008_second_factor"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.RunPython(encrypt, migrations.RunPython.noop, elidable=True),
    ]
