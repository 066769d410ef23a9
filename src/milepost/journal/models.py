"""The noun of the journal: one fact."""

import json
from typing import Any

from django.db import models


class Entry(models.Model):
    """One fact, shaped as an xAPI statement: who, did what, to what, with what result, in what context, when.

    `statement` is the canonical JSON (RFC 8785) that `leaf` was computed from, kept to the byte; the other
    columns repeat parts of it so that they can be indexed, and `verify` compares them.
    """

    organisation_id = models.BigIntegerField()
    time = models.DateTimeField()
    verb = models.CharField(max_length=32)
    actor_id = models.CharField(max_length=64)
    object_id = models.CharField(max_length=160)
    statement = models.TextField()
    salt = models.BinaryField(max_length=16)
    leaf = models.BinaryField(max_length=32)

    class Meta:
        indexes = [
            models.Index(fields=["organisation_id", "id"], name="entry_by_organisation"),
            models.Index(fields=["organisation_id", "actor_id", "id"], name="entry_by_actor"),
            models.Index(fields=["organisation_id", "object_id", "id"], name="entry_by_object"),
        ]
        ordering = ["id"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.id} {self.actor_id} {self.verb} {self.object_id}"

    @property
    def content(self) -> dict[str, Any]:
        """The statement as data."""
        content: dict[str, Any] = json.loads(self.statement)
        return content
