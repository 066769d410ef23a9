import django.db.models.deletion
from django.db import migrations, models


def fill(apps, schema_editor):
    """What versions and drafts have so far."""
    Course, Version, Media = (apps.get_model("courses", name) for name in ("Course", "Version", "Media"))
    for course in Course.objects.order_by("pk").iterator():
        published = {
            digest
            for files in Version.objects.filter(course=course).values_list("files", flat=True).iterator(100)
            for digest in _digests(files)
        }
        Media.objects.bulk_create(
            Media(
                organisation_id=course.organisation_id, course=course, digest=digest, is_published=digest in published
            )
            for digest in sorted(published | _digests(course.draft))
        )


def _digests(files):
    return {digest for path, (digest, _size) in files.items() if not path.endswith(".md")}


class Migration(migrations.Migration):
    dependencies = [("courses", "0002_freeze"), ("people", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Media",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("is_published", models.BooleanField(default=False)),
                (
                    "course",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="courses.course",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.organisation",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "digest"], name="media_by_digest")],
                "constraints": [
                    models.UniqueConstraint(fields=("course", "digest"), name="media_of_course_once"),
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
