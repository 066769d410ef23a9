"""Of somebody who was erased nothing is left that leads back to them: every table is searched, those of tomorrow too."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.apps import apps
from django.core import mail
from django.db import models
from django.test import Client

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.evidence.erasing import Ground, erase_person
from milepost.evidence.export import export_person
from milepost.evidence.jobs import remove_files
from milepost.evidence.retention import let_go
from milepost.evidence.tests.test_erasing import LATER, graduate  # noqa: F401 (a fixture)
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.subscriptions import deliver_all
from milepost.journal.verification import verify
from milepost.people.models import Member

pytestmark = pytest.mark.django_db


def rows():
    """Every row of every table as text, with where it stands."""
    for model in apps.get_models(include_auto_created=True):
        fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.BinaryField)]
        for row in model._base_manager.values_list(*(field.attname for field in fields)):
            for field, value in zip(fields, row, strict=True):
                yield f"{model._meta.label}.{field.name}", json.dumps(value, default=str, ensure_ascii=False)
        for field in model._meta.concrete_fields:
            if isinstance(field, models.BinaryField):
                for value in model._base_manager.values_list(field.attname, flat=True):
                    yield f"{model._meta.label}.{field.name}", bytes(value or b"").decode("latin-1")


def remains_of(words):
    return {(where, word) for where, text in rows() for word in words if word in text}


def with_history(member, lead):
    """Signs in, looks around, is exported and reminded: what leaves traces beside learning."""
    client = Client()
    client.force_login(member.user)
    for page in ("", "my-learning/", "my-data/", "my-certificates/"):
        client.get(f"/aldermoor/{page}")
    export_person(member=member, file=BytesIO(), by=lead)
    deliver_all()
    run_all()


def test_of_an_erased_person_no_table_knows_anything(graduate, lead, organisation):  # noqa: F811
    Member.objects.filter(pk=graduate.pk).update(employee_number="QX-90210-Z")
    graduate.refresh_from_db()
    with_history(graduate, lead)
    seal(organisation.pk)
    entries = Entry.objects.filter(actor_id=str(graduate.uid))
    times = {entry.content["time"] for entry in entries.exclude(statement="")}
    words = {
        str(graduate.uid),
        graduate.uid.hex,
        graduate.email,
        graduate.full_name,
        "QX-90210-Z",
        graduate.user.password,
        *times,
        *(time.replace("T", " ").removesuffix("Z") for time in times),
    }
    assert len(remains_of(words)) > 20  # or the search would be blind
    erase_person(member=graduate, by=lead, ground=Ground.ASKED)
    run_all()
    mail.outbox.clear()
    with clock.at(clock.now().replace(microsecond=0)):
        run_all()
    assert remains_of(words) == set()
    seal(organisation.pk)
    assert verify(organisation.pk).finding is None


def test_the_journal_says_who_decided_and_on_which_ground(graduate, lead, organisation):  # noqa: F811
    seal(organisation.pk)
    asked_on = datetime(2026, 11, 2, tzinfo=UTC).date()
    erase_person(member=graduate, by=lead, ground=Ground.UNLAWFUL, asked_on=asked_on)
    told = Entry.objects.get(fact="erased").content
    assert told["actor"]["id"] == str(lead.uid)
    assert told["context"] == {"procedure": "person", "ground": "unlawful", "asked_on": "2026-11-02"}
    assert told["result"]["reason"] == "they should not have been collected"


def test_nor_of_somebody_who_took_part_in_an_action_whose_time_is_over(complete, people, lead, organisation):
    """Sessions, signatures, sheets, documents and a certificate: first the action is let go, then the person erased."""
    person = people[0]
    seal(organisation.pk)
    times = {
        entry.content["time"]
        for entry in Entry.objects.filter(actor_id=str(person.uid)).exclude(statement="")
        if not entry.content["time"].endswith("00.000000Z")  # the clock of this world stands on the minute
    }
    words = {str(person.uid), person.uid.hex, person.email, person.full_name, person.employee_number, *times}
    assert len(remains_of(words)) > 10
    with clock.at(LATER):
        let_go(action=complete, by=lead)
        run_all()
        seal(organisation.pk)
        erase_person(member=person, by=lead)
        run_all()
        run_all(remove_files)
        assert remains_of(words) == set()
        seal(organisation.pk)
        assert verify(organisation.pk).finding is None
