"""The nouns: a live session, its slots, its trainers and participants, and each participant's attendance of each slot."""

from milepost.classroom.models.attendance import (
    Attendance,
    AttendanceQuerySet,
    Way,
    is_in_doubt,
    is_on_record,
    is_present,
    is_settled,
    is_signed,
)
from milepost.classroom.models.calendar_feed import CalendarFeed
from milepost.classroom.models.connection_log import ConnectionLog
from milepost.classroom.models.participant import Participant
from milepost.classroom.models.session import LiveSession
from milepost.classroom.models.session_document import SessionDocument
from milepost.classroom.models.sheet import Sheet, sealed_sheets
from milepost.classroom.models.slot import Slot, new_code, new_secret
from milepost.classroom.models.trainer import Trainer

__all__ = [
    "Attendance",
    "AttendanceQuerySet",
    "CalendarFeed",
    "ConnectionLog",
    "LiveSession",
    "Participant",
    "SessionDocument",
    "Sheet",
    "Slot",
    "Trainer",
    "Way",
    "is_in_doubt",
    "is_on_record",
    "is_present",
    "is_settled",
    "is_signed",
    "new_code",
    "new_secret",
    "sealed_sheets",
]
