"""A sheet keeps which title stands on it: that of the training action, where its session belongs to one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0008_provider_seals")]

    operations = [migrations.AddField("sheet", "title", models.CharField(max_length=200, blank=True))]
