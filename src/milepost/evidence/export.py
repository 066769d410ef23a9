"""A copy of everything that is known of a person: to read, for machines, and their files (GDPR, articles 15 and 20).

What belongs to a person is read off the models: every row that can't exist without them, and every row that such a row
owns. A model that is added later is in the export by itself.
"""

import json
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from milepost.classroom.models import Attendance
from milepost.core import blobs, clock
from milepost.credentials.models import Certificate
from milepost.documents.models import Document
from milepost.journal.models import Entry
from milepost.journal.phrases import phrase
from milepost.journal.queries import timeline
from milepost.journal.recording import record, time_text
from milepost.journal.verbs import Verb
from milepost.people.models import Member

FORMAT = "milepost-personal-data/1"
_LEFT_OUT = {"password", "code", "code_tries", "code_sent_at", "searchable", "secret", "organisation", "id"}
NAMES = {
    "people.RoleGrant": gettext_lazy("Roles"), "people.PeopleImport": gettext_lazy("Uploads of the HR file"),
    "documents.Signatory": gettext_lazy("Requests to sign"), "learning.Enrolment": gettext_lazy("Enrolments"),
    "learning.Progress": gettext_lazy("Activities begun"), "learning.Attempt": gettext_lazy("Attempts"), "learning.Answer": gettext_lazy("Answers"),
    "credentials.Certificate": gettext_lazy("Certificates"), "classroom.Trainer": gettext_lazy("Sessions held"),
    "classroom.Participant": gettext_lazy("Seats in sessions"), "classroom.Attendance": gettext_lazy("Half-days"),
    "evidence.TrainingAction_members": gettext_lazy("Training actions"), "evidence.Piece": gettext_lazy("Files"), "evidence.Dossier": gettext_lazy("Dossiers"),
}  # fmt: skip


def rows_of(member: Member) -> "dict[str, models.QuerySet[Any]]":
    """Every row that belongs to the person, by the name of its model."""
    found: dict[str, models.QuerySet[Any]] = {}
    for field in _fields_to(Member):
        if field.remote_field.on_delete is not models.SET_NULL:
            _follow(field.model, field.model._default_manager.filter(**{field.name: member}), found)
    return found


def _follow(model: type[models.Model], rows: "models.QuerySet[Any]", found: "dict[str, models.QuerySet[Any]]") -> None:
    label = model._meta.label
    found[label] = found[label] | rows if label in found else rows
    for field in _fields_to(model):
        if not field.null and field.model is not model:  # such a row can't exist without its owner
            _follow(field.model, field.model._default_manager.filter(**{f"{field.name}__in": rows}), found)


def _fields_to(model: type[models.Model]) -> "Iterator[models.ForeignObject[Any, Any]]":
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            yield relation.field  # type: ignore[union-attr]


def export_person(*, member: Member, file: IO[bytes], by: Member) -> None:
    """Write a zip with everything that is known of the person: to read (HTML), for machines (JSON), and their files.

    Records `exported`.
    """
    with transaction.atomic():
        record(Verb.EXPORTED, organisation_id=member.organisation_id, actor=by.as_reference(), object=member.as_reference(),
               context={"what": "personal data"})  # fmt: skip
    records = {label: [_as_json(row) for row in _rows(rows)] for label, rows in rows_of(member).items()}
    facts = list(timeline(member.organisation_id, str(member.uid)).exclude(statement="").order_by("id"))
    told = {
        "format": FORMAT, "made_at": time_text(clock.now()), "organisation": member.organisation.name,
        "person": _as_json(member), "account": _account(member), "records": {label: rows for label, rows in records.items() if rows},
        "journal": [entry.content for entry in facts],
    }  # fmt: skip
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        archive.writestr("data.json", text)
        archive.writestr("read-me.html", _page(member, told, facts))
        archive.writestr("style.css", render_to_string("evidence/personal_data.css"))
        for name, digest in files_about(member):
            archive.writestr(f"files/{name}", blobs.read(member.organisation.uid, digest))


def _rows(rows: "models.QuerySet[Any]") -> "Iterator[models.Model]":
    owners = [field.name for field in rows.model._meta.fields if isinstance(field, models.ForeignKey)]
    yield from (rows.select_related(*owners) if owners else rows).order_by("pk").distinct().iterator(500)


def _as_json(row: models.Model) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in _LEFT_OUT or isinstance(field, models.BinaryField):
            continue
        value = getattr(row, field.name)
        told[field.name] = str(value) if isinstance(value, models.Model) else value
    return told


def _account(member: Member) -> dict[str, Any] | None:
    if member.user is None:
        return None
    sessions = UserSession.objects.filter(user=member.user).values("ip", "user_agent", "created_at", "last_seen_at")
    addresses = EmailAddress.objects.filter(user=member.user).values("email", "verified", "primary")
    return {
        "email": member.user.email,
        "since": member.user.date_joined,
        "addresses": [*addresses],
        "devices": [*sessions],
    }


def files_about(member: Member) -> Iterator[tuple[str, str]]:
    """The files about the person: a name and a digest each."""
    for certificate in Certificate.objects.filter(enrolment__member=member).exclude(pdf=""):
        yield f"{certificate.file_name}.pdf", certificate.pdf
    signed = Document.objects.filter(request__signatories__member=member, request__signatories__state="signed")
    for document in signed.exclude(pdf="").distinct():
        yield f"document-{document.pk}.pdf", document.pdf
    for row in Attendance.objects.filter(participant__member=member).exclude(absence_file=""):
        yield f"absence-{row.pk}-{row.absence_file_name.rpartition('/')[2]}", row.absence_file


def _page(member: Member, told: dict[str, Any], facts: list[Entry]) -> str:
    with translation.override(member.speaks):
        tables = []
        for label, rows in told["records"].items():
            names = list(rows[0])
            tables.append((NAMES.get(label, label), names, [[row[name] for name in names] for row in rows]))
        history = [(date_format(entry.time, "DATETIME_FORMAT"), phrase(entry, str(member.uid))) for entry in facts]
        context = {
            "told": told,
            "member": member,
            "tables": tables,
            "history": history,
            "language": translation.get_language(),
        }
        return render_to_string("evidence/personal_data.html", context)
