"""The columns of marks have had defaults in the database since 0012; now the models say so, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("journal", "0014_provider_since")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("entry", "after_id", models.BigIntegerField(default=0, db_default=0)),
                *(
                    migrations.AlterField("entry", name, models.BinaryField(default=b"", db_default=b"", max_length=16))
                    for name in ("after", "mark")
                ),
            ]
        )
    ]
