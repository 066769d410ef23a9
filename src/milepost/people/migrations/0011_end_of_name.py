import unicodedata

from django.db import migrations

AT_ONCE = 2_000


def say_where_names_end(apps, schema_editor):
    """In what search looks in, so that those who may find by names alone find by nothing else."""
    members, last = apps.get_model("people", "Member").objects.order_by("pk"), 0
    while part := list(members.filter(pk__gt=last)[:AT_ONCE]):
        last = part[-1].pk
        for member in part:
            name = f"{member.given_name} {member.family_name}".strip()
            further = " ".join(filter(None, (member.email, member.employee_number, member.job_title)))
            member.searchable = f"{plain(name)[:500]}\n{plain(further)}"[:600]
        members.bulk_update(part, ["searchable"], batch_size=500)


def plain(text):
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o").replace("æ", "ae").replace("ł", "l"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


class Migration(migrations.Migration):
    dependencies = [("people", "0010_imports_in_the_background")]

    operations = [migrations.RunPython(say_where_names_end, migrations.RunPython.noop, elidable=True)]
