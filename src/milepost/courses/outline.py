"""A version's outline and contents as learners need them, read once and remembered: what is frozen can be cached."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from milepost.courses.models import Content, Version
from milepost.journal.recording import Reference


@dataclass(frozen=True)
class Activity:
    """One step of a version. `key` is module/activity; `digest` addresses its content."""

    key: str
    kind: str
    title: str
    minutes: int
    is_required: bool
    is_assessment: bool
    digest: str
    position: int

    @property
    def module_slug(self) -> str:
        return self.key.partition("/")[0]

    @property
    def slug(self) -> str:
        return self.key.partition("/")[2]

    def as_reference(self) -> Reference:
        return Reference("activity", self.key, self.title, self.digest)


@dataclass(frozen=True)
class Module:
    """A module of a version; `rule` is all or required."""

    key: str
    title: str
    summary: str
    rule: str
    position: int
    activities: tuple[Activity, ...]

    @property
    def minutes(self) -> int:
        return sum(activity.minutes for activity in self.activities)

    @cached_property
    def counted(self) -> frozenset[str]:
        """The keys of the activities that completing the module takes."""
        return frozenset(a.key for a in self.activities if self.rule == "all" or a.is_required)

    def as_reference(self, version: str) -> Reference:
        return Reference("module", self.key, self.title, version)


@dataclass(frozen=True)
class Outline:
    """A whole version: its modules in order, and its rules."""

    version_id: int
    number: int
    digest: str
    title: str
    summary: str
    description: str
    language: str
    objectives: tuple[str, ...]
    rule: str
    pass_mark: int | None
    gives_certificate: bool
    certificate_months: int | None
    minutes: int
    modules: tuple[Module, ...]

    @cached_property
    def activities(self) -> tuple[Activity, ...]:
        return tuple(activity for module in self.modules for activity in module.activities)

    @cached_property
    def by_key(self) -> dict[str, Activity]:
        return {activity.key: activity for activity in self.activities}

    @cached_property
    def counted(self) -> frozenset[str]:
        """The keys of the activities that completing the course takes."""
        if self.rule == "all":
            return frozenset(self.by_key)
        return frozenset().union(*(module.counted for module in self.modules))

    @cached_property
    def assessments(self) -> frozenset[str]:
        """The keys of the activities whose scores make the course's score."""
        return frozenset(activity.key for activity in self.activities if activity.is_assessment)

    def module_of(self, activity: Activity) -> Module:
        return next(module for module in self.modules if module.key == activity.module_slug)

    def next_after(self, activity: Activity) -> Activity | None:
        return self.activities[activity.position + 1] if activity.position + 1 < len(self.activities) else None

    def previous_to(self, activity: Activity) -> Activity | None:
        return self.activities[activity.position - 1] if activity.position else None


@lru_cache(maxsize=512)
def outline_of(version_id: int) -> Outline:
    """The outline of a version; one query the first time a process asks."""
    version = Version.objects.get(pk=version_id)
    frozen: dict[str, Any] = version.outline
    return Outline(
        version_id=version.pk,
        number=version.number,
        digest=version.digest,
        title=version.title,
        summary=version.summary,
        description=frozen["description"],
        language=version.language,
        objectives=tuple(frozen["objectives"]),
        rule=frozen["rule"],
        pass_mark=frozen["pass_mark"],
        gives_certificate=frozen.get("certificate", "completion") != "none",
        certificate_months=frozen["certificate_months"],
        minutes=version.minutes,
        modules=tuple(_modules(frozen["modules"])),
    )


def outlines_of(course_id: int) -> list[Outline]:
    """The outlines of every version of a course, the newest first. One query, and one for each that is new to the process."""
    return [
        outline_of(pk)
        for pk in Version.objects.filter(course=course_id).order_by("-number").values_list("pk", flat=True)
    ]


def _modules(modules: list[dict[str, Any]]) -> Iterator[Module]:
    position = 0
    for number, module in enumerate(modules):
        activities = tuple(
            Activity(**activity, position=position + index) for index, activity in enumerate(module["activities"])
        )
        position += len(activities)
        yield Module(module["key"], module["title"], module["summary"], module["rule"], number, activities)


@lru_cache(maxsize=4096)
def content_of(organisation_id: int, digest: str) -> Content:
    """The content that `digest` addresses; one query the first time a process asks. Treat it as read-only."""
    return Content.objects.get(organisation_id=organisation_id, digest=digest)
