"""Who may have a file of a course (a picture, a video, captions) by its SHA-256.

A fingerprint is no permission: certificates, journal and dossiers print those of files that not everybody may have. So a
file is read by whoever has a reason that names it, and by nobody else: the version that they learn from has it, or the
description of a course that they may look at, or a draft or version of a course whose files they may take along. Those
who learn are known to a higher room, which registers its reason here:

    readers.register("enrolled", reads_to_learn)
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from milepost.core.prepared import Prepared
from milepost.core.registry import Registry
from milepost.courses.markdown import media_address
from milepost.courses.models import Course, Media, Version, media_in
from milepost.courses.outline import outline_of
from milepost.courses.permissions import SEE_COURSES, SEE_DRAFTS
from milepost.people.models import Member
from milepost.people.permissions import may

# Called with the member, the keys of the courses that have the file, and its SHA-256: whether this is a reason to read it.
type Reader = Callable[[Member, Sequence[int], str], bool]
readers: Registry[Reader] = Registry("reason to read a file of a course")


def may_read(member: Member, digest: str) -> bool:
    """Whether the member has a reason to read the file with this SHA-256. Those who learn cost two queries."""
    courses = [course for (course,) in _courses_with.all(organisation=member.organisation_id, digest=digest)]
    if not courses:
        return False
    return any(reads(member, courses, digest) for reads in readers.all()) or _may_look(member, courses, digest)


_courses_with: Prepared[tuple[int]] = Prepared(
    lambda organisation, digest: (
        Media.objects.filter(organisation=organisation, digest=digest).order_by().values_list("course_id")
    ),
    organisation=int,
    digest=str,
)


def _may_look(member: Member, courses: Sequence[int], digest: str) -> bool:
    """They may take the files of such a course along, or find it in the catalogue, where its description shows this one."""
    found = Course.objects.filter(pk__in=courses).select_related("published").only("organisation", "published__is_open")
    return any(may(member, SEE_DRAFTS, course) or _is_described(member, course, digest) for course in found)


def _is_described(member: Member, course: Course, digest: str) -> bool:
    version = course.published
    if version is None or not (version.is_open or may(member, SEE_COURSES, course)):
        return False
    return media_address(digest, "") in outline_of(version.pk).description


@lru_cache(maxsize=512)
def media_of_version(version_id: int) -> frozenset[str]:
    """The SHA-256 of each file of a version that is no text of its own; one query the first time a process asks."""
    return frozenset(media_in(Version.objects.values_list("files", flat=True).get(pk=version_id)))
