"""The noun, and its one verb."""

import uuid

from django.db import models, transaction

from milepost.core import blobs
from milepost.core.blobs.fields import BlobField
from milepost.journal.recording import Reference, record
from milepost.people.models import Member, Organisation
from tests.visits.facts import VISIT_REPORTED


class Visit(models.Model):
    """A visit to somebody at work. `about` is the action that it follows, `report` the SHA-256 of a blob."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    about = models.CharField(max_length=80)
    place = models.CharField(max_length=80)
    report = BlobField()
    must_stay = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.place

    def as_reference(self) -> Reference:
        return Reference("visit", str(self.uid), self.place)


def visit_at_work(*, member: Member, about: str, place: str, report: bytes, by: Member) -> Visit:
    """Keep the report of a visit. Records `reported`."""
    digest = blobs.store(member.organisation.uid, report)
    with transaction.atomic():
        visit = Visit.objects.create(
            organisation=member.organisation, member=member, about=about, place=place, report=digest
        )
        record(
            VISIT_REPORTED,
            organisation=member.organisation,
            actor=by.as_reference(),
            object=visit.as_reference(),
            result={"sha256": digest},
        )
    return visit
