"""An action says up to whose seat facts tell who takes part. Of actions from before none does: the next dossier records it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evidence", "0004_nobody_asks_when_a_dossier_s_builder_was_seen")]

    operations = [
        migrations.AddField("trainingaction", "registered_up_to", models.BigIntegerField(default=0)),
    ]
