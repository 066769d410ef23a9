"""What can be permitted about live sessions. For one course it reaches the sessions of that course."""

from django.utils.translation import gettext_lazy as _

from milepost.classroom.models import LiveSession
from milepost.classroom.rules import Rules, TrainerRight
from milepost.courses.models import Course
from milepost.courses.permissions import COURSE
from milepost.learning.permissions import SEE_RESULTS
from milepost.people.models import Member, MemberQuerySet, Organisation
from milepost.people.permissions import Permission, carrying, may, sees_everybody, visible
from milepost.people.roles import Role

MANAGE_SESSIONS = Permission(
    "manage_sessions", _("schedule and change live sessions"), about=COURSE, roles=(Role.LEAD,)
)
HOLD_SESSIONS = Permission(
    "hold_sessions",
    _("hold live sessions, and change them where the organisation lets trainers"),
    about=COURSE,
    roles=(Role.TRAINER,),
)


def may_manage(member: Member, thing: LiveSession | Course | Organisation | None = None) -> bool:
    """Whether the member makes and changes sessions (this one; those of this course; those of no course; any).

    By their role, or as a trainer whom the organisation lets.
    """
    return any(may(member, permission, thing) for permission in _managing(member))


def _managing(member: Member) -> list[Permission]:
    """The permissions by which sessions are managed in the member's organisation."""
    holders_may = Rules.of(member.organisation).allows(TrainerRight.CHANGE_SESSIONS)
    return [MANAGE_SESSIONS, HOLD_SESSIONS] if holders_may else [MANAGE_SESSIONS]


def people_for(member: Member, session: LiveSession | None = None) -> MemberQuerySet:
    """The people to whom the member, who manages sessions, may give seats in this one, or in any."""
    reached = visible(member, MANAGE_SESSIONS, session)
    return reached | visible(member, HOLD_SESSIONS, session) if HOLD_SESSIONS in _managing(member) else reached


def manages_some_by(member: Member) -> Permission:
    """The permission by which the member manages sessions at all, if they do."""
    return next((permission for permission in _managing(member) if may(member, permission)), MANAGE_SESSIONS)


def manages_by(member: Member, session: LiveSession) -> Permission:
    """The permission by which the member manages this session: they may lead one course, and train in another."""
    return MANAGE_SESSIONS if may(member, MANAGE_SESSIONS, session) else HOLD_SESSIONS


def courses_of(member: Member) -> list[int]:
    """The keys of the courses for which alone the member manages sessions."""
    grants = [grant for permission in _managing(member) for grant in carrying(member, permission)]
    return [grant.scope_key for grant in grants if grant.scope == COURSE and grant.scope_key is not None]


def seen_in(member: Member, session: LiveSession) -> MemberQuerySet | None:
    """Whose seats and signatures in the session the member sees; None for everybody's."""
    if sees_everybody(member, SEE_RESULTS) or may_manage(member, session):
        return None
    return visible(member, SEE_RESULTS, session)
