"""What the background does for certificates: issuing many at once, and their files."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import job
from milepost.courses.models import Course
from milepost.credentials import issuing, typesetting
from milepost.credentials.models import Certificate
from milepost.people.models import Member


@job(queue="imports", title=_("Issue certificates"), attempts=None)
def issue_missing(organisation_id: int, course_id: int, member_id: int) -> None:
    """Issue those that are missing, as far as whoever asked for it reaches."""
    course = Course.objects.filter(organisation=organisation_id, pk=course_id).first()
    by = Member.objects.select_related("organisation").filter(organisation=organisation_id, pk=member_id).first()
    if course and by:
        issuing.issue_missing(course=course, by=by, members=issuing.reached(by, course))


@job(queue="files", title=_("Make the file of a certificate"), each="certificate_ids")
def typeset(organisation_id: int, certificate_ids: list[int]) -> None:
    """Make those that are not there."""
    waiting = Certificate.objects.untypeset().select_related("organisation", "enrolment__member").order_by("pk")
    typesetting.typeset(list(waiting.filter(organisation_id=organisation_id, pk__in=certificate_ids)))


@job(queue="files")
def find_untypeset() -> None:
    """Find the certificates whose file is still to be made, whatever became of the job that was to make it."""
    typeset.enqueue_each(Certificate.objects.untypeset().order_by("pk").values_list("organisation_id", "pk"))
