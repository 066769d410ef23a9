"""The nouns of courses: a course with its draft, its frozen versions, and the frozen content that they share."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.blobs.fields import BlobsJSONField
from milepost.core.refusals import Refused
from milepost.journal.recording import Reference
from milepost.people.models import Organisation


class NotPublished(Refused):
    """The course has no version that people could learn from."""

    sentence = _("The course is not published yet.")


class Course(models.Model):
    """A course of an organisation. `draft` maps each file's path to its SHA-256 and size: the tree that is edited."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="courses")
    slug = models.SlugField(max_length=60)
    title = models.CharField(max_length=160)
    draft = BlobsJSONField(default=dict)
    draft_changed_at = models.DateTimeField(default=clock.now)
    published = models.ForeignKey("Version", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["title"]
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="course_slug_once")]

    def __str__(self) -> str:
        return self.title

    def published_or_raise(self) -> "Version":
        """The version that people learn from now. Raises `NotPublished`."""
        if self.published is None:
            raise NotPublished
        return self.published

    def is_published(self) -> bool:
        """Whether there is a version that people learn from."""
        return self.published_id is not None

    @property
    def has_unpublished_changes(self) -> bool:
        return self.published is None or self.published.files != self.draft

    def as_reference(self, version: "Version | None" = None) -> Reference:
        return Reference("course", str(self.uid), self.title, version.digest if version else None)


class Version(models.Model):
    """An immutable published state of a course. `digest` is the SHA-256 of `files` in canonical JSON."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    files = BlobsJSONField()
    outline = models.JSONField()
    title = models.CharField(max_length=160)
    summary = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=8)
    category = models.CharField(max_length=60, blank=True)
    is_open = models.BooleanField()
    minutes = models.PositiveIntegerField()
    activity_count = models.PositiveIntegerField()
    published_at = models.DateTimeField(default=clock.now)
    published_by = models.CharField(max_length=240, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["course", "number"], name="version_numbered_once"),
            models.CheckConstraint(condition=Q(activity_count__gt=0), name="version_has_activities"),
        ]

    def __str__(self) -> str:
        return _("%(title)s, version %(number)d") % {"title": self.title, "number": self.number}


class Content(models.Model):
    """What an activity consists of, addressed by its SHA-256 and shared by all versions in which it is the same."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    definition: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "digest"], name="content_stored_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"


class Media(models.Model):
    """That a course has a file of this SHA-256 which is no text of its own: in a version, for good, or in its draft alone.

    It repeats what versions and drafts say, so that an index tells of which courses a file is (see `media`).
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    is_published = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "digest"], name="media_of_course_once")]
        indexes = [models.Index(fields=["organisation", "digest"], name="media_by_digest")]

    def __str__(self) -> str:
        return f"{self.digest} of {self.course_id}"

    @staticmethod
    def of_draft(course: Course) -> None:
        """Take note of the draft's files in place of those of the draft before; the course is locked."""
        Media.objects.filter(course=course, is_published=False).delete()
        digests = media_in(course.draft)
        common = {"organisation_id": course.organisation_id, "course": course}
        Media.objects.bulk_create((Media(digest=digest, **common) for digest in sorted(digests)), ignore_conflicts=True)

    @staticmethod
    def of_version(course: Course) -> None:
        """The draft is a version now: its files stay. The course is locked."""
        Media.objects.filter(course=course, is_published=False).update(is_published=True)


def media_in(files: Mapping[str, Any]) -> set[str]:
    """The SHA-256 of each file of a draft or version that is no text of its own."""
    return {digest for path, (digest, _size) in files.items() if not path.endswith(".md")}


def course_of(organisation: Organisation, slug: str) -> Course:
    """The organisation's course. Raises `Course.DoesNotExist`."""
    return Course.objects.select_related("published").get(organisation=organisation, slug=slug)
