"""Of certificates that are written for a person in an action, one counts: the one that somebody was asked to sign, or the newest."""

from django.db import migrations, models
from django.db.models import Q

OVER = ("declined", "withdrawn", "expired")


def tell_the_one(apps, _schema_editor):
    Document = apps.get_model("documents", "Document")
    rows = Document.objects.filter(about__startswith="action:", kind__in=("completion", "achievement"))
    rows = rows.exclude(request__status__in=OVER).order_by("request__pk", "-pk")
    chosen = {}
    for number, organisation, about, kind, request in rows.values_list(
        "pk", "organisation_id", "about", "kind", "request__pk"
    ):
        if about.count(":") == 2:
            there = chosen.get((organisation, about, kind))
            if there is None or (there[1] is None and request is not None):
                chosen[organisation, about, kind] = number, request
    for number, _request in chosen.values():
        Document.objects.filter(pk=number).update(is_the_one=True)


class Migration(migrations.Migration):
    dependencies = [("documents", "0006_provider_seals")]

    operations = [
        migrations.AddField("document", "is_the_one", models.BooleanField(default=False)),
        migrations.RunPython(tell_the_one, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "document",
            models.UniqueConstraint(
                fields=["organisation", "about", "kind"], condition=Q(is_the_one=True), name="one_paper_for_one_thing"
            ),
        ),
    ]
