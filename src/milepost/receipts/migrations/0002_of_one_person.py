"""Of whom each receipt is: what one person learnt elsewhere counts for one person here.

What was brought before does not say which person of its issuer it is of: there, the file stands for them.
"""

from django.db import migrations, models
from django.db.models import Exists, F, OuterRef, Q


def tell_holders(apps, _schema_editor):
    Receipt, Equivalence = apps.get_model("receipts", "Receipt"), apps.get_model("learning", "Equivalence")
    Receipt.objects.update(holder=F("digest"))
    standing = Equivalence.objects.filter(
        withdrawn_at=None, member=OuterRef("member"), receipt_sha256=OuterRef("digest")
    )
    seen = set()
    rows = Receipt.objects.filter(Exists(standing), refused_at=None).order_by("pk")
    for number, *whose in rows.values_list("pk", "organisation_id", "digest"):
        if tuple(whose) not in seen:
            seen.add(tuple(whose))
            Receipt.objects.filter(pk=number).update(is_theirs=True)


class Migration(migrations.Migration):
    dependencies = [("receipts", "0001_initial"), ("learning", "0003_equivalence")]

    operations = [
        migrations.AddField("receipt", "holder", models.CharField(max_length=64, default=""), preserve_default=False),
        migrations.AddField("receipt", "is_theirs", models.BooleanField(default=False)),
        migrations.RunPython(tell_holders, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "receipt",
            models.UniqueConstraint(
                fields=["organisation", "holder"], condition=Q(is_theirs=True), name="a_holder_is_one_person_here"
            ),
        ),
        migrations.AddConstraint(
            "receipt", models.CheckConstraint(condition=~Q(holder=""), name="receipt_has_a_holder")
        ),
        migrations.AddConstraint(
            "receipt",
            models.CheckConstraint(
                condition=Q(refused_at=None) | Q(is_theirs=False), name="nothing_of_a_refused_receipt_counts"
            ),
        ),
        migrations.AddIndex("receipt", models.Index(fields=["organisation", "holder"], name="receipt_by_holder")),
    ]
