"""A copy of everything that is known of a person: to read, for machines, and their files (GDPR, articles 15 and 20).

What belongs to a person is read off the models: every row that can't exist without them, and every row that such a row
owns. A model that is added later is in the export by itself.
"""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import translation

from milepost.core import blobs, clock
from milepost.core.irrevocable import irrevocable
from milepost.core.quotas import take
from milepost.core.words import date_format
from milepost.evidence.contributions import file_kinds, named
from milepost.evidence.facts import MEMBER_EXPORTED
from milepost.journal.models import Entry
from milepost.journal.phrases import phrase, told_later_words
from milepost.journal.queries import timeline
from milepost.journal.recording import record, time_text
from milepost.people.contributions import BATCH, safe_name
from milepost.people.models import Member, WasErased

FORMAT = "milepost-personal-data/1"
_LEFT_OUT = {"password", "code", "code_tries", "code_sent_at", "searchable", "secret", "organisation", "id", "user"}


@dataclass(frozen=True)
class PersonalFile:
    """A file about the person: what it is called in the copy of their data, and its digest."""

    name: str
    digest: str


def rows_of(member: Member) -> "dict[str, models.QuerySet[Any]]":
    """Every row that belongs to the person, by the name of its model."""
    rows: dict[str, models.QuerySet[Any]] = {}
    for field in _fields_to(Member):
        if field.remote_field.on_delete is not models.SET_NULL:
            _follow(field.model, field.model._default_manager.filter(**{field.name: member}), rows)
    return rows


def _follow(
    model: type[models.Model], rows: "models.QuerySet[Any]", belonging: "dict[str, models.QuerySet[Any]]"
) -> None:
    label = model._meta.label
    belonging[label] = belonging[label] | rows if label in belonging else rows
    for field in _fields_to(model):
        if not field.null and field.model is not model:  # such a row can't exist without its owner
            _follow(field.model, field.model._default_manager.filter(**{f"{field.name}__in": rows}), belonging)


def _fields_to(model: type[models.Model]) -> "Iterator[models.ForeignObject[Any, Any]]":
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            yield relation.field  # type: ignore[union-attr]


def files_about(member: Member) -> Iterator[PersonalFile]:
    """Every file about the person that any room keeps, numbered by kind: no key of the database leaves it."""
    for kind in file_kinds():
        for place, row in enumerate(kind.of_person(member).iterator(BATCH), start=1):
            last = kind.download_name(row).rpartition("/")[2]
            yield PersonalFile(f"{kind.name}-{place}-{safe_name(last)}", kind.file(row).digest)
            for number, beside in enumerate(kind.beside(row), start=1):
                last = beside.path.rpartition("/")[2]
                yield PersonalFile(f"{kind.name}-{place}-{number}-{last or 'source'}", beside.digest)


@irrevocable
def export_person(*, member: Member, file: IO[bytes], by: Member) -> None:
    """Write a zip with everything that is known of the person: to read (HTML), for machines (JSON), and their files.

    Their account belongs to them and not to one organisation: only who exports their own data finds it there. Records
    `exported`. Raises `WasErased`, also when they are erased while it is written: what is left of them by then is no copy.
    """
    if by != member:  # one's own data is nobody's to bound
        take(member.organisation, "exports")
    reference, what = member.as_reference(), {"what": "personal data"}
    with transaction.atomic():
        Member.locked(member.pk)  # of somebody who is erased nothing is recorded
        record(
            MEMBER_EXPORTED,
            organisation=member.organisation,
            actor=by.as_reference(),
            object=reference,
            context=what,
        )
    try:
        _write(member, file, by)
    except blobs.Unreadable:
        _refuse_erased(member)
        raise
    _refuse_erased(member)


def _refuse_erased(member: Member) -> None:
    if not Member.objects.filter(pk=member.pk).exists():
        raise WasErased


def _write(member: Member, file: IO[bytes], by: Member) -> None:
    records = {label: [_as_json(row) for row in _rows(rows)] for label, rows in rows_of(member).items()}
    facts = list(timeline(member.organisation_id, str(member.uid)).exclude(statement="").order_by("id"))
    data = {
        "format": FORMAT,
        "made_at": time_text(clock.now()),
        "organisation": member.organisation.name,
        "person": _as_json(member),
        "account": _account(member) if by == member else None,
        "records": {label: rows for label, rows in records.items() if rows},
        "journal": [entry.content for entry in facts],
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        archive.writestr("data.json", text)
        archive.writestr("read-me.html", _page(member, data, facts))
        archive.writestr("style.css", render_to_string("evidence/personal_data.css"))
        for about in files_about(member):
            with archive.open(f"files/{about.name}", "w", force_zip64=True) as target:
                target.writelines(blobs.chunks(member.organisation.uid, about.digest))


def _rows(rows: "models.QuerySet[Any]") -> "Iterator[models.Model]":
    owners = [field.name for field in rows.model._meta.fields if isinstance(field, models.ForeignKey)]
    yield from (rows.select_related(*owners) if owners else rows).order_by("pk").distinct().iterator(500)


def _as_json(row: models.Model) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in _LEFT_OUT or isinstance(field, models.BinaryField):
            continue
        value = getattr(row, field.name)
        values[field.name] = str(value) if isinstance(value, models.Model) else value
    return values


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


def _page(member: Member, data: dict[str, Any], facts: list[Entry]) -> str:
    with translation.override(member.speaks):
        tables, names_of_records = [], named("records")
        for label, rows in data["records"].items():
            names = list(rows[0])
            tables.append((names_of_records.get(label, label), names, [[row[name] for name in names] for row in rows]))
        history = [
            (date_format(entry.time, "DATETIME_FORMAT"), phrase(entry, str(member.uid)), told_later_words(entry))
            for entry in facts
        ]
        context = {
            "data": data,
            "member": member,
            "tables": tables,
            "history": history,
            "language": translation.get_language(),
        }
        return render_to_string("evidence/personal_data.html", context)
