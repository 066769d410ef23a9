import milepost.classroom.models.slot
import milepost.core.encryption
from django.db import migrations

PART = 1000


def encrypt(apps, _editor):
    """Those that lie there in the clear; saving encrypts them."""
    slots = apps.get_model("classroom", "Slot").objects.order_by("pk")
    part = list(slots.only("pk", "secret")[:PART])
    while part:
        slots.model.objects.bulk_update(part, ["secret"])
        part = list(slots.filter(pk__gt=part[-1].pk).only("pk", "secret")[:PART])


class Migration(migrations.Migration):

    dependencies = [
        ('classroom', '0005_doubts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='slot',
            name='secret',
            field=milepost.core.encryption.EncryptedField(default=milepost.classroom.models.slot.new_secret),
        ),
        migrations.RunPython(encrypt, migrations.RunPython.noop, elidable=True),
    ]
