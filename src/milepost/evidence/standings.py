"""How each person of an action stands: half-days signed, certificate there. A page of people costs three queries."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from milepost.classroom.models import Attendance
from milepost.evidence.belongings import Belongings
from milepost.evidence.models import TrainingAction
from milepost.people.models import Member


@dataclass(frozen=True)
class Standing:
    """One person: how many half-days are expected of them and settled, and the file name of their certificate, if any."""

    member: Member
    expected: int
    settled: int
    needs_certificate: bool
    has_certificate: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do."""
        return self.settled == self.expected and (self.has_certificate or not self.needs_certificate)


def standings(action: TrainingAction, members: Iterable[Member]) -> list[Standing]:
    """The standing of each of these people, in their order."""
    people = list(members)
    things = Belongings(action)
    is_settled = Q(signed_at__isnull=False) | Q(attested_at__isnull=False) | Q(absent_at__isnull=False)
    rows = Attendance.objects.filter(slot__session__in=things.sessions, participant__member__in=people)
    counted = (
        rows.order_by()
        .values("participant__member")
        .annotate(expected=Count("pk"), settled=Count("pk", filter=is_settled))
    )
    seats = {row["participant__member"]: (row["expected"], row["settled"]) for row in counted}
    held = set(
        things.certificates.current().filter(enrolment__member__in=people).values_list("enrolment__member", flat=True)
    )
    needs = action.course_id is not None
    return [Standing(one, *seats.get(one.pk, (0, 0)), needs, one.pk in held) for one in people]
