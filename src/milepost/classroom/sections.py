"""What live sessions add to a person's page."""

from milepost.classroom.queries import sessions_of_member
from milepost.people.models import Member
from milepost.people.sections import Section


def sessions_of(member: Member) -> Section:
    """The person's live sessions, the newest first."""
    return Section(
        "classroom/person_section.html", {"seats": list(sessions_of_member(member).order_by("-starts")[:12])}
    )
