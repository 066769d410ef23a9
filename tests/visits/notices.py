"""What is said about visits, and the fact that leads to it."""

from collections.abc import Sequence

from milepost.journal.models import Entry
from milepost.notices.kinds import Kind
from milepost.notices.outbox import notify
from tests.visits.models import Visit


class VisitKind(Kind):
    label = "Visits at work"
    template = "visits/notices/visit.txt"

    def find(self, notice):
        return Visit.objects.filter(uid=notice.about_id).first()

    def context(self, notice, visit):
        return {"place": visit.place}

    def example(self, organisation, to):
        return {"place": "Quay 4"}


def thank(facts: Sequence[Entry]) -> None:
    """Thank those who were visited. A subscription calls it."""
    for visit in Visit.objects.filter(uid__in=[fact.object_id for fact in facts]).select_related("member"):
        notify("visit", to=visit.member, about=visit.as_reference())
