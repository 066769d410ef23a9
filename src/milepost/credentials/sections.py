"""What credentials add to a person's page."""

from milepost.credentials.models import Certificate
from milepost.people.models import Member
from milepost.people.sections import Section


def certificates_of(member: Member) -> Section:
    """The person's certificates, the newest first."""
    rows = Certificate.objects.filter(enrolment__member=member)
    return Section("credentials/person_section.html", {"certificates": list(rows)})
