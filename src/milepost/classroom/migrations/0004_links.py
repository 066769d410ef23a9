"""Links of trainers and calendars that can be renewed. Those that were sent before go on, until they are over."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import milepost.core.clock


def keep_links(apps, schema_editor):
    """What links were a signature of until now: the trainer, and the member whose calendar it is."""
    apps.get_model("classroom", "Trainer").objects.update(link=models.F("uid"))
    feed, seat = apps.get_model("classroom", "CalendarFeed"), apps.get_model("classroom", "Participant")
    members = seat.objects.values_list("member_id", "member__uid", "organisation_id").distinct()
    feeds = (
        feed(member_id=key, link=uid, organisation_id=organisation)
        for key, uid, organisation in members.iterator(2_000)
    )
    feed.objects.bulk_create(feeds, batch_size=2_000)


class Migration(migrations.Migration):

    dependencies = [
        ("classroom", "0003_rules_are_settings"),
        ("people", "0007_declined"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("link", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("renewed_at", models.DateTimeField(default=milepost.core.clock.now)),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="calendar_feed", to="people.member"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="people.organisation",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="trainer",
            name="link_renewed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="trainer",
            name="link",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.RunPython(keep_links, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="trainer",
            name="link",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
    ]
