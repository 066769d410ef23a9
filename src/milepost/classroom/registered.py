"""What the classroom brings to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.classroom import completing, facts, invitations, jobs, reminding, rules, watching
from milepost.classroom.contribution import ClassroomContribution
from milepost.classroom.doubts import OWN, doubts
from milepost.classroom.kind import LiveKind
from milepost.classroom.meetings import meeting_tools
from milepost.classroom.meetings.bigbluebutton import BigBlueButton
from milepost.classroom.meetings.jitsi import Jitsi
from milepost.classroom.meetings.link import VideoLink
from milepost.classroom.models import Sheet, sealed_sheets
from milepost.classroom.notices import (
    CountsAgainKind,
    InvitationKind,
    LinkKind,
    SoonKind,
    StruckKind,
    TrainerLinkKind,
    UnsignedKind,
)
from milepost.classroom.permissions import HOLD_SESSIONS, MANAGE_SESSIONS
from milepost.classroom.player import LivePlayer
from milepost.classroom.sections import sessions_of
from milepost.classroom.undoing import SeatsInBulk
from milepost.core.jobs import every
from milepost.courses.kinds import kinds
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.documents import timestamps
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.learning.players import players
from milepost.notices.kinds import kinds as notices
from milepost.people import permissions, settings
from milepost.people.bulk_acts import bulk_kinds
from milepost.people.contributions import contributions
from milepost.people.limits import DAY, HOUR, MINUTE, Limit, Per, Rate, limits
from milepost.people.sections import sections


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    settings.register(*rules.OWN)

    permissions.register(MANAGE_SESSIONS, HOLD_SESSIONS)
    contributions.register("classroom", ClassroomContribution())
    bulk_kinds.register("seat", SeatsInBulk())

    doubts.register_all(OWN)

    kinds.register(LiveKind.name, LiveKind())
    players.register(LivePlayer.kind, LivePlayer())

    for tool in (BigBlueButton(), Jitsi(), VideoLink()):
        meeting_tools.register(tool.name, tool)

    # A session may have some hundreds of people: one a transaction.
    subscribe("live-steps", completing.FACTS, completing.complete_steps_after, is_replayable=True, at_once=1)

    # A whole class types the code within a minute, by one address.
    limits.register(
        "spoken-code",
        Limit(
            Rate(60, MINUTE, Per.ADDRESS),
            Rate(600, HOUR, Per.ADDRESS),
            Rate(20, MINUTE, Per.ACCOUNT),
            Rate(300, DAY, Per.ACCOUNT),
            label=_("A code that was said aloud"),
        ),
    )
    # What a trainer's link sends: it may have been passed on, and whoever has it is nobody whom the organisation knows.
    limits.register(
        "room-reminders",
        Limit(Rate(20, MINUTE, Per.ADDRESS), Rate(10, DAY, Per.LINK), label=_("Reminders from a trainer’s link")),
    )
    limits.register(
        "room-people",
        Limit(
            Rate(60, MINUTE, Per.ADDRESS), Rate(200, DAY, Per.LINK), label=_("Looking for people from a trainer’s link")
        ),
    )
    sections.register("classroom", sessions_of)
    timestamps.register("sheets", sealed_sheets, facts.SHEET_SEALED, made_at="asked_at")

    every(30, jobs.find_sheets, when=lambda: Sheet.objects.filter(pdf="").exists())
    every(60, jobs.watch_all, when=lambda: watching.going_on().exists())
    every(60, jobs.find_logs, when=lambda: watching.ended().exists())

    notices.register("session_invitation", InvitationKind())
    notices.register("trainer_link", TrainerLinkKind())
    notices.register("session_soon", SoonKind())
    notices.register("attendance_link", LinkKind())
    notices.register("signature_missing", UnsignedKind())
    notices.register("struck", StruckKind())
    notices.register("counts_again", CountsAgainKind())
    every(5, jobs.invite, when=invitations.is_due)
    every(10, jobs.remind, when=reminding.is_near)

    navigation.main.register("sessions", Link(_("Sessions"), "sessions", order=30))
