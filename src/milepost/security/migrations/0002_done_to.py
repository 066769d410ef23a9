from uuid import UUID

import django.db.models.deletion
from django.db import migrations, models

AT_ONCE = 2_000


def is_uid(text):
    """Whether it can be a person's: the slug of a course may have as many characters."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def say_to_whom(apps, schema_editor):
    """Of facts that are listed already: their entry says to whom it was done."""
    events, entries = apps.get_model("security", "SecurityEvent"), apps.get_model("journal", "Entry")
    members = apps.get_model("people", "Member")
    listed, last = events.objects.filter(entry_id__isnull=False).order_by("pk"), 0
    while part := list(listed.filter(pk__gt=last).only("entry_id", "organisation_id")[:AT_ONCE]):
        last = part[-1].pk
        told = entries.objects.only("actor_id", "object_id").in_bulk([event.entry_id for event in part])
        others = (entry.object_id for entry in told.values() if entry.object_id != entry.actor_id)
        uids = set(filter(is_uid, others))
        known = members.objects.filter(uid__in=uids).values_list("organisation_id", "uid", "pk")
        by_uid = {(organisation, str(uid)): pk for organisation, uid, pk in known}
        changed = []
        for event in part:
            entry = told.get(event.entry_id)
            if entry is not None and entry.object_id in uids:
                event.done_to_id = by_uid.get((event.organisation_id, entry.object_id))
                changed.append(event)
        events.objects.bulk_update(changed, ["done_to"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [
        ("journal", "0008_vocabulary"),
        ("people", "0009_factors_at_rest"),
        ("security", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="securityevent",
            name="done_to",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="people.member",
            ),
        ),
        migrations.RunPython(say_to_whom, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(fields=["done_to", "last_at", "number"], name="event_by_done_to"),
        ),
    ]
