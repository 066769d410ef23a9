"""What learning adds to a person's page."""

from milepost.learning.models import Enrolment, Equivalence
from milepost.people.models import Member
from milepost.people.sections import Section


def courses_of(member: Member) -> Section:
    """The person's courses and how far they are, each round of them, the newest first."""
    rows = (
        Enrolment.objects.filter(member=member).select_related("course").order_by("course__title", "course", "-round")
    )
    recognised = Equivalence.objects.filter(member=member).select_related("course", "decided_by")
    return Section("learning/person_section.html", {"enrolments": list(rows), "equivalences": list(recognised)})
