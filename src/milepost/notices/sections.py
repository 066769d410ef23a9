"""What stands about notices on a person's page."""

from milepost.notices.undelivered import undelivered_to
from milepost.people.models import Member
from milepost.people.sections import Section

SHOWN = 10


def undelivered_section(member: Member) -> Section:
    """What did not arrive at this person."""
    return Section("notices/section.html", {"rows": list(undelivered_to(member)[:SHOWN])})
