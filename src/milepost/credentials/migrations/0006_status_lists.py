import django.db.models.deletion
import milepost.core.clock
import milepost.core.encryption
import milepost.credentials.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('credentials', '0005_lapsed'),
        ('journal', '0008_vocabulary'),
        ('people', '0011_end_of_name'),
    ]

    operations = [
        migrations.CreateModel(
            name='StatusList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('taken', models.BinaryField(default=milepost.credentials.models.no_bits, max_length=16384)),
                ('revoked', models.BinaryField(default=milepost.credentials.models.no_bits, max_length=16384)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=['organisation', 'number'], name='status_list_number_once')],
            },
        ),
        migrations.CreateModel(
            name='BadgeKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public', models.CharField(max_length=64, unique=True)),
                ('private', milepost.core.encryption.EncryptedField()),
                ('endorsement', models.BinaryField()),
                ('created_at', models.DateTimeField(default=milepost.core.clock.now)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.organisation')),
                ('signing_key', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='badge_key', to='journal.signingkey')),
            ],
        ),
        migrations.AddField(
            model_name='certificate',
            name='status_list',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='credentials.statuslist'),
        ),
        migrations.AddField(
            model_name='certificate',
            name='status_index',
            field=models.PositiveIntegerField(null=True),
        ),
    ]
