"""Who a request belongs to: its session and its account, by two lookups that are compiled once.

Both are Django's own with another way of asking the database. Every request asks both, so they are worth it.
"""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from milepost.core import clock
from milepost.core.prepared import Prepared
from milepost.people.models import User


class SessionStore(db.SessionStore):
    """Sessions in the database."""

    def _get_session_from_db(self) -> Session | None:
        found = _session.get(key=self.session_key) if self.session_key else None
        if found is None or found.expire_date <= clock.now():
            self._session_key = None
            return None
        return found


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """Signing in as allauth does it, and the account of somebody who has."""

    def get_user(self, user_id: Any) -> User | None:
        """The account, or None where there is none or it may not sign in (any more)."""
        user = _user.get(pk=int(user_id))
        return user if user is not None and self.user_can_authenticate(user) else None


_session = Prepared(lambda key: Session.objects.filter(session_key=key).order_by(), key=str)
_user = Prepared(lambda pk: User.objects.filter(pk=pk).order_by(), pk=int)
