"""What the classroom brings to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.classroom.contribution import ClassroomContribution
from milepost.classroom.invitations import mail_due
from milepost.classroom.kind import LiveKind
from milepost.classroom.meetings import meeting_tools
from milepost.classroom.meetings.bigbluebutton import BigBlueButton
from milepost.classroom.meetings.jitsi import Jitsi
from milepost.classroom.meetings.link import VideoLink
from milepost.classroom.models import undated
from milepost.classroom.player import LivePlayer
from milepost.classroom.sections import sessions_of
from milepost.classroom.sheets import make_pending
from milepost.classroom.watching import keep_ended, watch
from milepost.core import periodic
from milepost.courses.kinds import kinds
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.documents import dating
from milepost.learning.players import players
from milepost.people import sections
from milepost.people.contributions import contributions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    contributions.register("classroom", ClassroomContribution())

    kinds.register(LiveKind.name, LiveKind())
    players.register(LivePlayer.kind, LivePlayer())

    for tool in (BigBlueButton(), Jitsi(), VideoLink()):
        meeting_tools.register(tool.name, tool)

    sections.register(sessions_of)
    dating.register(undated)
    periodic.every(3, make_pending)
    periodic.every(10, mail_due)
    periodic.every(60, watch)
    periodic.every(60, keep_ended)

    navigation.main.register("sessions", Link(_("Sessions"), "sessions", order=30))
