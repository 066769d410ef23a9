import secrets

from django.db import migrations

LIST_SIZE, PART = 131_072, 2_000


def give_places(apps, _editor):
    """Each certificate that there is gets a place, drawn at random; those that do not count any more have their bit set."""
    certificates = apps.get_model("credentials", "Certificate").objects.order_by("pk")
    lists = apps.get_model("credentials", "StatusList").objects
    for organisation in certificates.order_by("organisation").values_list("organisation", flat=True).distinct():
        number, free = 0, []
        waiting = certificates.filter(organisation=organisation, status_list=None)
        waiting = waiting.only("pk", "revoked_at", "superseded_at")
        part = list(waiting[:PART])
        while part:
            for certificate in part:
                if not free:
                    number += 1
                    current = lists.create(organisation_id=organisation, number=number)
                    taken, revoked = bytearray(current.taken), bytearray(current.revoked)
                    free = secrets.SystemRandom().sample(range(LIST_SIZE), LIST_SIZE // 2)
                index = free.pop()
                certificate.status_list, certificate.status_index = current, index
                taken[index // 8] |= 0x80 >> index % 8
                if certificate.revoked_at or certificate.superseded_at:
                    revoked[index // 8] |= 0x80 >> index % 8
                if not free:
                    keep(current, taken, revoked)
            keep(current, taken, revoked)
            certificates.model.objects.bulk_update(part, ["status_list", "status_index"])
            part = list(waiting[:PART])


def keep(status_list, taken, revoked):
    status_list.taken, status_list.revoked = bytes(taken), bytes(revoked)
    status_list.save()


class Migration(migrations.Migration):

    dependencies = [
        ('credentials', '0006_status_lists'),
    ]

    operations = [
        migrations.RunPython(give_places, migrations.RunPython.noop, elidable=True),
    ]
