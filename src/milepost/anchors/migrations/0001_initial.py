import django.db.models.deletion
import milepost.core.clock
import milepost.core.encryption
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0011_end_of_name'),
    ]

    operations = [
        migrations.CreateModel(
            name='WitnessedLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(max_length=1000, unique=True)),
                ('size', models.BigIntegerField(default=0)),
                ('root', models.BinaryField(max_length=32)),
                ('note', models.TextField()),
                ('cosigned_at', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='WitnessKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=254)),
                ('public', models.BinaryField(max_length=32)),
                ('private', milepost.core.encryption.EncryptedField()),
                ('created_at', models.DateTimeField(default=milepost.core.clock.now)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_witness_key')],
            },
        ),
        migrations.CreateModel(
            name='SentSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('size', models.BigIntegerField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'day'), name='seal_sent_once_a_day')],
            },
        ),
    ]
