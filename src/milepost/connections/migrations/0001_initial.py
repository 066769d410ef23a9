"""Connection records: when each person of an action was at its course, and what they did there."""

import django.db.models.deletion
import milepost.core.clock
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('evidence', '0006_what_papers_say'),
        ('people', '0013_demonstrations'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConnectionRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dated_at', models.DateTimeField(null=True)),
                ('provider_sealed_at', models.DateTimeField(null=True)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('content', models.JSONField()),
                ('title', models.CharField(max_length=200)),
                ('minutes', models.PositiveIntegerField()),
                ('minutes_live', models.PositiveIntegerField()),
                ('made_at', models.DateTimeField(default=milepost.core.clock.now)),
                ('pdf', models.CharField(blank=True, max_length=64)),
                ('superseded_at', models.DateTimeField(null=True)),
                ('action', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='connection_records', to='evidence.trainingaction')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.member')),
                ('organisation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.organisation')),
            ],
            options={
                'ordering': ['-made_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('pdf', '')), fields=['id'], name='connection_record_to_make'), models.Index(condition=models.Q(('dated_at', None)), fields=['id'], name='connection_record_to_date')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('superseded_at', None)), fields=('action', 'member'), name='one_current_connection_record')],
            },
        ),
    ]
