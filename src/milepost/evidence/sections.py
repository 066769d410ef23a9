"""What evidence adds to a person's page."""

from milepost.people.models import Member
from milepost.people.sections import Section


def data_of(member: Member) -> Section:
    """A copy of everything, and its erasure."""
    return Section("evidence/person_section.html", {})
