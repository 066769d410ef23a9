"""An HR file on its way in."""

import uuid
from functools import cached_property

from django.db import models

from milepost.core import clock
from milepost.core.tables import Table, read_table
from milepost.people.models.bulk_act import BulkAct
from milepost.people.models.member import Member
from milepost.people.models.organisation import Organisation


class PeopleImport(models.Model):
    """An HR file between its upload and its import. Its content is wiped once it was imported.

    A large one is imported in the background: `begun_at` since somebody said so, who had looked at what `seen` is the fingerprint of.
    `outcome` has how many were new, changed, back and gone, or the `problem` for which nothing was done. Under its uid it is
    remembered as an act on many people, so that it can be undone (`undoing_imports`). One that `comes_by_itself` waits longer, and
    for anybody who imports people (`import_feed`).
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="people_imports")
    uploaded_by = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(default=clock.now)
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    digest = models.CharField(max_length=64, blank=True)  # the SHA-256 of what was in it
    comes_by_itself = models.BooleanField(default=False)
    mapping = models.JSONField(default=dict)
    heading = models.CharField(max_length=64, blank=True)  # the fingerprint of the file's headings
    answers = models.JSONField(default=dict)  # to what it asks, by the key of each question (`import_plan`)
    leavers = models.PositiveIntegerField(null=True)  # how many may leave, as somebody said
    is_complete = models.BooleanField(default=False)
    begun_at = models.DateTimeField(null=True)
    begun_by = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="+")
    seen = models.CharField(max_length=64, blank=True)
    outcome = models.JSONField(default=dict)
    applied_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_being_imported(self) -> bool:
        """Whether the background has it in hand."""
        return self.begun_at is not None and self.applied_at is None

    @cached_property
    def table(self) -> Table:
        """What is in the file, read once however often it is asked for. Raises `UnreadableTable`."""
        return read_table(bytes(self.content))


class ImportedPerson(models.Model):
    """What an HR file did to somebody, kept as long as it can be undone: the columns that it wrote, before and after it."""

    act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    is_new = models.BooleanField(default=False)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.member_id}"
