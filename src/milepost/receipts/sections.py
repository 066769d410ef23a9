"""What receipts add to a person's page."""

from milepost.people.models import Member
from milepost.people.sections import Section
from milepost.receipts.models import Receipt


def receipts_of(member: Member) -> Section:
    """Their own as a file, and those that they brought, the newest first."""
    rows = Receipt.objects.told().filter(member=member)
    return Section("receipts/person_section.html", {"receipts": list(rows)})
