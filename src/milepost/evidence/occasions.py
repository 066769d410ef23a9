"""Training actions, as certificates and attendance sheets name them (see `milepost.people.occasions`)."""

from collections.abc import Collection

from milepost.evidence.models import TrainingAction
from milepost.people.occasions import Occasion


class Actions:
    """Those that were not let go."""

    def in_course(self, course: int, members: Collection[int]) -> dict[int, list[Occasion]]:
        """By member; three queries."""
        actions = TrainingAction.objects.filter(course=course, let_go_at=None).prefetch_related("sessions")
        known = {action.pk: _occasion(action) for action in actions}
        if not known:
            return {}
        seats = TrainingAction.members.through._default_manager.filter(trainingaction__in=known, member__in=members)
        found: dict[int, list[Occasion]] = {}
        for action, member in seats.values_list("trainingaction_id", "member_id"):
            found.setdefault(member, []).append(known[action])
        return found

    def of_session(self, session: int) -> list[Occasion]:
        """Two queries."""
        actions = TrainingAction.objects.filter(sessions=session, let_go_at=None).prefetch_related("sessions")
        return [_occasion(action) for action in actions]


def _occasion(action: TrainingAction) -> Occasion:
    sessions = tuple(sorted(session.pk for session in action.sessions.all()))
    return Occasion(str(action.uid), action.reference, action.title, action.starts_on, action.ends_on, sessions)
