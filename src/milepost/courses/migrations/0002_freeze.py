from django.db import migrations

from milepost.core.frozen import FreezeRows


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_initial")]

    operations = [FreezeRows("Version"), FreezeRows("Content")]
