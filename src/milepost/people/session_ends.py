"""When a session ends: so long after it was last used, and so long after it began, whichever comes first (decision 0036).

Whoever holds a role is asked again after a working day; whoever learns, on their own telephone, stays signed in for weeks;
on a computer that others use a session lasts as long as the window, and little longer than somebody reads. The operator sets
the first two (docs/operating.md).
"""

from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from milepost.core import clock
from milepost.people.models import RoleGrant, User

type Contents = MutableMapping[str, Any] | SessionBase
BEGAN, KIND = "began", "kind"  # in a session: a time in seconds since 1970, and one of these


class Kind(StrEnum):
    """Whose session it is, as far as its ends go."""

    PERSON = "person"
    ROLE = "role"
    SHARED = "shared"


class Ends(NamedTuple):
    """How long a session lasts unused, and at most."""

    idle: timedelta
    absolute: timedelta


SHARED = Ends(idle=timedelta(minutes=15), absolute=timedelta(hours=4))


def begin(session: Contents, user: User) -> None:
    """Note when the account's session began, and of which kind it is; what was said at the door (`Kind.SHARED`) stays."""
    session[BEGAN] = clock.now().timestamp()
    if session.get(KIND) != Kind.SHARED:
        grants = RoleGrant.objects.current().filter(member__in=user.memberships.active())
        session[KIND] = str(Kind.ROLE if grants.exists() else Kind.PERSON)


def is_shared(session: Contents) -> bool:
    """Whether it was begun on a computer that others use."""
    return session.get(KIND) == Kind.SHARED


def end_of(session: Contents) -> datetime:
    """When the session ends if nobody uses it from now on."""
    now, ends = clock.now(), _ends(session)
    # A session of an earlier release says nothing of its beginning: it is bounded by its idle end until it is begun anew.
    began = datetime.fromtimestamp(session[BEGAN], UTC) if BEGAN in session else now
    return min(now + ends.idle, began + ends.absolute)


def is_worth_noting(session: Contents, ends_at: datetime) -> bool:
    """Whether its end, as it is kept, is so far behind that this use should be written down: not each page writes."""
    return end_of(session) - ends_at > _ends(session).idle / 24


def _ends(session: Contents) -> Ends:
    if is_shared(session):
        return SHARED
    environment = settings.ENVIRONMENT
    return Ends(*(environment.role_session if session.get(KIND) == Kind.ROLE else environment.session))
