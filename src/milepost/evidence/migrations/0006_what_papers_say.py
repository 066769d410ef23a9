"""An action says who the other party is and who represents it, what help it offers at a distance, and when it was paid last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evidence", "0005_who_takes_part_is_recorded")]

    operations = [
        migrations.AddField(
            "trainingaction", "client_address", models.CharField("its postal address", max_length=300, blank=True)
        ),
        migrations.AddField(
            "trainingaction",
            "client_registration",
            models.CharField("its registration number", max_length=80, blank=True),
        ),
        migrations.AddField(
            "trainingaction", "client_representative", models.CharField("who represents it", max_length=120, blank=True)
        ),
        migrations.AddField(
            "trainingaction", "client_capacity", models.CharField("in which capacity", max_length=120, blank=True)
        ),
        migrations.AddField("trainingaction", "help_by", models.CharField("who helps", max_length=200, blank=True)),
        migrations.AddField(
            "trainingaction", "help_means", models.CharField("by what means", max_length=200, blank=True)
        ),
        migrations.AddField(
            "trainingaction", "help_within", models.CharField("within what time", max_length=120, blank=True)
        ),
        migrations.AddField(
            "trainingaction", "last_paid_on", models.DateField("day of the last payment", null=True, blank=True)
        ),
    ]
