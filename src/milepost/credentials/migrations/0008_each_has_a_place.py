import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ('credentials', '0007_places_in_lists'),
    ]

    operations = [
        migrations.AlterField(
            model_name='certificate',
            name='status_list',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='credentials.statuslist'),
        ),
        migrations.AlterField(
            model_name='certificate',
            name='status_index',
            field=models.PositiveIntegerField(),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.UniqueConstraint(fields=['status_list', 'status_index'], name='one_badge_in_a_place'),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.CheckConstraint(condition=Q(status_index__lt=131072), name='place_within_its_list'),
        ),
    ]
