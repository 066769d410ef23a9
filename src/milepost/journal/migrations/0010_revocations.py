import django.db.models.deletion
from django.db import migrations, models

from milepost.core.frozen import FreezeRows


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0009_checkpoints'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeyRevocation',
            fields=[
                ('key', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='revocation', serialize=False, to='journal.signingkey')),
                ('statement', models.TextField()),
                ('signature', models.BinaryField()),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='journal.signingkey')),
            ],
        ),
        FreezeRows('KeyRevocation'),
    ]
