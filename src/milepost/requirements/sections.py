"""What requirements add to a person's page."""

from milepost.people.models import Member
from milepost.people.sections import Section
from milepost.requirements.models import Standing


def requirements_of(member: Member) -> Section:
    """What is required of the person, and how they stand: what is late first."""
    rows = Standing.objects.filter(member=member, requirement__ended_at=None).select_related("requirement")
    return Section(
        "requirements/person_section.html", {"standings": list(rows.order_by("due_on", "requirement__name"))}
    )
