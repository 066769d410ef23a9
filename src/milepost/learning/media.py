"""Which files of courses people learn with: those of the version that they are in."""

from collections.abc import Iterator, Sequence

from milepost.core.prepared import Prepared
from milepost.courses.media import media_of_version
from milepost.courses.models import Version
from milepost.learning.models import Enrolment
from milepost.people.models import Member


def learns_with(member: Member, courses: Sequence[int], digest: str) -> bool:
    """Whether one of these courses is the member's, and has the file in a version that they learn from."""
    theirs = (enrolment for course in courses for enrolment in _enrolments.all(member=member.pk, course=course))
    return any(digest in media_of_version(version) for enrolment in theirs for version in _versions(enrolment))


_enrolments = Prepared(
    lambda member, course: Enrolment.objects.filter(member=member, course=course).order_by(), member=int, course=int
)


def _versions(enrolment: Enrolment) -> Iterator[int]:
    """The version that the person learns from, and those that it took the place of since they joined.

    A page of one of these may still be open before them, with a film that plays on.
    """
    yield enrolment.version_id
    own = Version.objects.filter(pk=enrolment.version_id).values("number")
    down_to_first = Version.objects.filter(course=enrolment.course_id, number__lte=own).order_by("-number")
    for version, published_at in down_to_first.values_list("pk", "published_at"):
        yield version
        if published_at <= enrolment.enrolled_at:
            return  # they joined this one
