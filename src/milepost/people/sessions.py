"""Who a request belongs to: its session and its account, by two lookups that are compiled once; and from which device.

Both are Django's own with another way of asking the database. Every request asks both, so they are worth it.
"""

from collections.abc import Collection, Iterable
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.core.prepared import Prepared
from milepost.people.models import User


class SessionStore(db.SessionStore):
    """Sessions in the database."""

    def _get_session_from_db(self) -> Session | None:
        session = _session.get(key=self.session_key) if self.session_key else None
        if session is None or session.expire_date <= clock.now():
            self._session_key = None
            return None
        return session


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """Signing in as allauth does it, and the account of somebody who has."""

    def get_user(self, user_id: Any) -> User | None:
        """The account, or None where there is none or it may not sign in (any more)."""
        user = _user.get(pk=int(user_id))
        return user if user is not None and self.user_can_authenticate(user) else None


def sign_out(sessions: Iterable[UserSession], *, keys: Collection[str]) -> None:
    """End those of the sessions that are meant; the one in which it is asked goes on. Records nothing."""
    for session in sessions:
        if str(session.pk) in keys and not session.is_current():
            session.end()


def device_name(user_agent: str) -> str:
    """The browser and the system of a device, as far as what the browser says of itself tells them."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("An unknown device")


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for sign, name in names.items() if sign in user_agent), "")


# In this order: most browsers also name those that they want to be taken for.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}

_session = Prepared(lambda key: Session.objects.filter(session_key=key).order_by(), key=str)
_user = Prepared(lambda pk: User.objects.filter(pk=pk).order_by(), pk=int)
