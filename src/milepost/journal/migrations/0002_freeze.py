from django.db import migrations

from milepost.core.frozen import FreezeRows


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]

    operations = [FreezeRows("Entry")]
