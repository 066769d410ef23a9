"""The verb that freezes a draft into a version."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.canonical import fingerprint_of
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.courses.drafts import CourseHasProblems, read_draft
from milepost.courses.facts import COURSE_PUBLISHED
from milepost.courses.kinds import kinds
from milepost.courses.models import Content, Course, Media, Version
from milepost.courses.outline import outline_of
from milepost.courses.reading import CourseSource
from milepost.journal.recording import SYSTEM, record
from milepost.people.models import Member

# Called in the publishing transaction with the new version, the one before (or None), and the keys of the changed activities
# that are asked again, so that nobody ever sees the new version with what they did counted by the old one.
type CarryOver = Callable[[Version, Version | None, Collection[str]], None]
carry_overs: Registry[CarryOver] = Registry("carrying over")


@dataclass(frozen=True)
class Touched:
    """Whom the publication of a draft touches: how many go on in it, and how many would do changed work again, by module."""

    people: int = 0
    again: Mapping[str, int] = field(default_factory=dict)


# Called with the published version and the activities that the draft changes in it, by module.
type Touching = Callable[[Version, Mapping[str, Collection[str]]], Touched]
touchings: Registry[Touching] = Registry("who is touched by a publication")


def touched_by(course: Course, source: CourseSource) -> Touched:
    """Whom publishing the draft as it was read would touch; nobody before there is a version. Reads only."""
    if course.published_id is None:
        return Touched()
    before = outline_of(course.published_id).by_key
    changed = {
        module.key: keys
        for module in source.modules
        if (
            keys := [one.key for one in module.activities if one.key in before and before[one.key].digest != one.digest]
        )
    }
    all_of_them = [touching(course.published_or_raise(), changed) for touching in touchings.all()]
    again = {key: sum(one.again.get(key, 0) for one in all_of_them) for key in changed}
    return Touched(sum(one.people for one in all_of_them), again)


class NothingToPublish(Refused):
    """The draft is the same as the published version."""

    sentence = gettext_lazy("Nothing has changed since the last version.")


class DraftChanged(Refused):
    """Somebody brought another draft between the look at this one and its publication."""

    sentence = gettext_lazy("Somebody has just changed this course. Look at it as it is now, and publish then.")


def publish(*, course: Course, by: Member | None = None, ask_again: Collection[str] = ()) -> Version:
    """Freeze the draft as the next version, which people learn from at once.

    Unchanged activities carry over for people in flight. Changed ones count as done for who had done them,
    except in the modules named in `ask_again` (by folder name). Raises `CourseHasProblems`, `NothingToPublish` or
    `DraftChanged`. Records `published`.
    """
    source = read_draft(course)
    if source.problems:
        raise CourseHasProblems(source.problems)
    with transaction.atomic():
        looked_at = course.draft
        # Nothing is joined: PostgreSQL, having waited for the row, reads it anew, and none that it was joined with.
        course = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        if course.draft != looked_at:
            raise DraftChanged
        previous = course.published
        if previous and previous.files == course.draft:
            raise NothingToPublish
        _keep_contents(course, source)
        version = _freeze(course, source, number=previous.number + 1 if previous else 1, by=by)
        course.published = version
        course.title = source.title
        course.save(update_fields=["published", "title"])
        Media.of_version(course)
        asked_again = _asked_again(version, previous, ask_again)
        record(
            COURSE_PUBLISHED,
            organisation=course.organisation,
            actor=by.as_reference() if by else SYSTEM,
            object=course.as_reference(version),
            result={"version": version.number, "activities": _stated(version)}
            | ({"asked_again": asked_again} if asked_again else {}),
        )
        for carry_over in carry_overs.all():
            carry_over(version, previous, asked_again)
    return version


def _asked_again(version: Version, previous: Version | None, modules: Collection[str]) -> list[str]:
    """The activities of these modules that are others than they were: whoever is in the course does them anew."""
    before = outline_of(previous.pk).by_key if previous else {}
    return [
        activity.key
        for activity in outline_of(version.pk).activities
        if activity.module_slug in modules and activity.key in before and before[activity.key].digest != activity.digest
    ]


def _stated(version: Version) -> list[dict[str, Any]]:
    """What the version states of its activities, in order."""
    return [
        {
            "key": activity.key,
            "kind": activity.kind,
            "title": activity.title,
            "digest": activity.digest,
            "minutes": activity.minutes,
            "is_live": kinds.get(activity.kind).is_live,
        }
        for activity in outline_of(version.pk).activities
    ]


def _keep_contents(course: Course, source: CourseSource) -> None:
    """Store what is not stored yet; content that another version has is shared."""
    Content.objects.bulk_create(
        [
            Content(
                organisation_id=course.organisation_id,
                digest=activity.digest,
                kind=activity.kind,
                title=activity.title,
                definition=activity.definition,
            )
            for activity in {activity.digest: activity for activity in source.activities}.values()
        ],
        ignore_conflicts=True,
    )


def _freeze(course: Course, source: CourseSource, *, number: int, by: Member | None) -> Version:
    return Version.objects.create(
        organisation_id=course.organisation_id,
        course=course,
        number=number,
        digest=fingerprint_of(course.draft),
        files=course.draft,
        outline=_outline(source),
        title=source.title,
        summary=source.summary,
        language=source.language,
        category=source.category,
        is_open=source.enrolment == "open",
        minutes=sum(activity.minutes for activity in source.activities),
        activity_count=len(source.activities),
        published_at=clock.now(),
        published_by=by.full_name if by else "",
    )


def _outline(source: CourseSource) -> dict[str, Any]:
    return {
        "description": source.description,
        "objectives": source.objectives,
        "rule": source.rule,
        "pass_mark": source.pass_mark,
        "certificate": source.certificate,
        "certificate_months": source.certificate_months,
        "modules": [
            {
                "key": module.key,
                "title": module.title,
                "summary": module.summary,
                "rule": module.rule,
                "activities": [
                    {
                        "key": activity.key,
                        "kind": activity.kind,
                        "title": activity.title,
                        "minutes": activity.minutes,
                        "is_required": activity.is_required,
                        "is_assessment": kinds.get(activity.kind).is_assessment,
                        "digest": activity.digest,
                    }
                    for activity in module.activities
                ],
            }
            for module in source.modules
        ],
    }
