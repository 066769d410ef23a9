from django.db import migrations, models
from django.db.models import Max


def count_leaves(apps, schema_editor):
    """Until now the tree ended where the newest seal does."""
    sizes = apps.get_model("journal", "Seal").objects.order_by().values_list("organisation_id").annotate(Max("size"))
    trees = apps.get_model("journal", "Tree")
    trees.objects.bulk_create([trees(organisation_id=number, size=size) for number, size in sizes])


class Migration(migrations.Migration):
    dependencies = [("journal", "0006_erasure")]

    operations = [
        # The table keeps its name, which the triggers that fill it know.
        migrations.AlterModelTable("unsealed", "journal_unsealed"),
        migrations.RenameModel("Unsealed", "Unfolded"),
        migrations.CreateModel(
            name="Tree",
            fields=[
                ("organisation_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("organisation_id", models.BigIntegerField()),
                ("position", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("organisation_id", "name"), name="one_cursor_each")]
            },
        ),
        migrations.RunPython(count_leaves, migrations.RunPython.noop, elidable=True),
    ]
