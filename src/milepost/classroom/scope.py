"""What the classroom holds of a training action, or of one person in it: its rows, read once where they are few."""

from django.db.models import Count, Q, QuerySet

from milepost.classroom.models import Attendance, ConnectionLog, LiveSession, Sheet, Slot, is_settled
from milepost.people.contributions import Scope


def sessions_of(scope: Scope) -> list[LiveSession]:
    """The sessions, in order; a person's are those to which they are registered."""
    rows = LiveSession.objects.filter(pk__in=scope.session_ids).select_related("organisation").order_by("number")
    return scope.once("classroom: sessions", lambda: list(scope.narrow(rows, "participants__member")))


def slots_of(scope: Scope) -> list[Slot]:
    """The half-days of the sessions, in order."""
    return scope.once("classroom: slots", lambda: _with_sessions(scope, _slots(scope)))


def counted_slots_of(scope: Scope) -> list[Slot]:
    """The half-days, each with how many attendances are `expected` and `settled`: signed, attested, or absent."""
    theirs = Q(attendances__participant__member=scope.member) if scope.member else Q()
    counts = {
        "expected": Count("attendances", filter=theirs),
        "settled": Count("attendances", filter=theirs & is_settled("attendances__")),
    }
    return scope.once("classroom: counted slots", lambda: _with_sessions(scope, _slots(scope).annotate(**counts)))


def _slots(scope: Scope) -> "QuerySet[Slot]":
    return Slot.objects.filter(session__in=sessions_of(scope)).select_related("closed_by")


def _with_sessions(scope: Scope, slots: "QuerySet[Slot]") -> list[Slot]:
    sessions = {session.pk: session for session in sessions_of(scope)}
    rows = list(slots)
    for slot in rows:
        slot.session = sessions[slot.session_id]
    return rows


def sheets_of(scope: Scope) -> "QuerySet[Sheet]":
    """The closed sheets. They name everybody, so none is one person's."""
    sheets = Sheet.objects.filter(session__in=sessions_of(scope)).order_by("session__number", "number")
    return sheets.none() if scope.member else sheets.select_related("session__organisation")


def logs_of(scope: Scope) -> "QuerySet[ConnectionLog]":
    """The imported connection logs, which name everybody too."""
    logs = ConnectionLog.objects.filter(session__in=sessions_of(scope)).order_by("pk")
    return logs.none() if scope.member else logs.select_related("session")


def attendances_of(scope: Scope) -> "QuerySet[Attendance]":
    """A row for each person and half-day."""
    rows = Attendance.objects.filter(slot__session__in=sessions_of(scope))
    return scope.narrow(rows.select_related("slot__session", "participant__member"), "participant__member")
