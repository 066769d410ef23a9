import django.db.models.deletion
import milepost.core.clock
import milepost.core.encryption
from django.db import migrations, models

from milepost.core.frozen import FreezeRows


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0008_vocabulary'),
    ]

    operations = [
        migrations.CreateModel(
            name='LogKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.BigIntegerField()),
                ('name', models.CharField(max_length=254)),
                ('public', models.BinaryField(max_length=32)),
                ('private', milepost.core.encryption.EncryptedField()),
                ('created_at', models.DateTimeField(default=milepost.core.clock.now)),
                ('is_current', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_current', True)), fields=('organisation_id',), name='one_current_log_key')],
            },
        ),
        migrations.CreateModel(
            name='SealCheckpoint',
            fields=[
                ('seal', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='checkpoint', serialize=False, to='journal.seal')),
                ('signature', models.BinaryField(max_length=64)),
                ('key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='journal.logkey')),
            ],
        ),
        migrations.CreateModel(
            name='LogKeyEndorsement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('signature', models.BinaryField()),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='journal.signingkey')),
                ('log_key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='endorsements', to='journal.logkey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log_key', 'by'), name='log_key_endorsed_once')],
            },
        ),
        migrations.CreateModel(
            name='Cosignature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('witness', models.CharField(max_length=400)),
                ('content', models.BinaryField(max_length=72)),
                ('time', models.DateTimeField()),
                ('checkpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cosignatures', to='journal.sealcheckpoint')),
            ],
            options={
                'indexes': [models.Index(fields=['witness', '-time'], name='cosigned_last')],
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'witness'), name='cosigned_once')],
            },
        ),
        FreezeRows('SealCheckpoint'),
        FreezeRows('Cosignature'),
    ]
