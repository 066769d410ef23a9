"""What notices hold of a person: what was said to them and about them, and what they chose about being told."""

from collections.abc import Iterator
from typing import ClassVar

from django.db.models import Q
from django.utils.translation import gettext_lazy

from milepost.notices.models import Notice, Preferences
from milepost.people.contributions import Contribution, Outside
from milepost.people.models import Member, Organisation


class NoticesContribution(Contribution):
    """Notices are no evidence: they go with the person, and by themselves after a time."""

    records: ClassVar = {
        "notices.Notice": gettext_lazy("Messages"),
        "notices.Preferences": gettext_lazy("What they chose about messages"),
    }

    def of_outsider(self, organisation: Organisation, email: str) -> Iterator[Outside]:
        if count := Notice.objects.filter(organisation=organisation, member=None, address__iexact=email).count():
            yield Outside(gettext_lazy("Messages"), "", {"messages": count})

    def erase_outsider(self, organisation: Organisation, email: str) -> None:
        Notice.objects.filter(organisation=organisation, member=None, address__iexact=email).delete()

    def erase(self, member: Member) -> None:
        """What was said to them goes, by whatever address, and what was said of them to others."""
        theirs = Q(member=member) | Q(about_id=str(member.uid))
        if member.email:
            theirs |= Q(address__iexact=member.email)
        Notice.objects.filter(theirs, organisation=member.organisation_id).delete()
        Preferences.objects.filter(member=member).delete()
