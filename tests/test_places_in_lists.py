"""Bringing a database up to date in which badges had no state yet."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from milepost.core import clock
from milepost.credentials.issuing import issue_missing, reissue
from milepost.credentials.models import Certificate, StatusList
from milepost.credentials.revoking import revoke
from milepost.learning.models import Enrolment
from tests.backup.conftest import data, world  # noqa: F401 (fixtures: a database of the test's own)

BEFORE, AFTER = [("credentials", "0005_lapsed")], [("credentials", "0008_each_has_a_place")]
migration = import_module("milepost.credentials.migrations.0007_places_in_lists")


@pytest.fixture
def earlier(world):  # noqa: F811
    """The database as an earlier release had it: one certificate that was replaced, one that was revoked, and one that counts."""
    now = clock.now()
    Enrolment.objects.filter(pk=world.enrolment.pk).update(launched_at=now, completed_at=now, done=3)
    issue_missing(course=world.course, by=world.lead)
    second = reissue(certificate=Certificate.objects.get(), by=world.lead)
    revoke(certificate=second, reason="Mistake", by=world.lead)
    MigrationExecutor(connection).migrate(BEFORE)
    loader = MigrationLoader(connection)
    rows = loader.project_state(list(loader.applied_migrations)).apps.get_model("credentials", "Certificate").objects
    third = rows.get(pk=second.pk)
    third.pk, third.uid, third.code, third.replaces = None, "7d0c2f6e-4a41-4b1e-9a43-0f6b36d0a001", "0" * 26, None
    third.revoked_at, third.revocation_reason = None, ""
    third.save()


@pytest.mark.usefixtures("earlier")
def test_certificates_that_there_are_get_places_and_revoked_and_replaced_ones_their_bits(monkeypatch):
    monkeypatch.setattr(migration, "LIST_SIZE", 4)  # two badges fill a list
    monkeypatch.setattr(migration, "PART", 2)
    MigrationExecutor(connection).migrate(AFTER)
    assert list(Certificate.objects.order_by("pk").values_list("status_list__number", flat=True)) == [1, 1, 2]
    bits = [int.from_bytes(bytes(row.revoked)).bit_count() for row in StatusList.objects.order_by("number")]
    taken = [int.from_bytes(bytes(row.taken)).bit_count() for row in StatusList.objects.order_by("number")]
    assert (bits, taken) == ([2, 0], [2, 1])
