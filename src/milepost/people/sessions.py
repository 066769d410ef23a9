"""Who a request belongs to: its session and its account, by two lookups that are compiled once; and from which device.

Both are Django's own with another way of asking the database. Every request asks both, so they are worth it.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from allauth.account.auth_backends import AuthenticationBackend
from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.db import Error, transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.encryption import Locked, decrypted, encrypted
from milepost.core.irrevocable import irrevocable
from milepost.core.outages import is_outage
from milepost.core.prepared import Prepared
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.recording import record
from milepost.people import second_factor, session_ends
from milepost.people.facts import MEMBER_SIGNED_IN, MEMBER_SIGNED_OUT
from milepost.people.joining import hold_account
from milepost.people.models import Member, User

USE = "people.session"  # what sessions are encrypted for
FORGOTTEN_AT_ONCE = 5_000  # rows that one statement deletes
ENTERED = "entered"  # in a session: the members, by their keys, as whom it came into their organisations


# What tells a person that somebody else signed them out: the room that speaks to them hangs itself here, and is called in the
# transaction, with the person and whoever did it.
carriers: Registry[Callable[[Member, Member], None]] = Registry("carrier of words about ended sessions")


class NotTheirs(Refused):
    """These sessions are not this asker's to end."""

    sentence = gettext_lazy(
        "There is nothing to end here: this person has no account, or it is your own. Yours are under “My devices”."
    )
    status = 403


class SessionStore(db.SessionStore):
    """Sessions in the database, encrypted, each until its end (`session_ends`)."""

    ends_at: datetime | None = None  # as it was when it was read

    def _get_session_from_db(self) -> Session | None:
        session = _session.get(key=self.session_key) if self.session_key else None
        if session is None or session.expire_date <= clock.now():
            self._session_key = None
            return None
        self.ends_at = session.expire_date
        return session

    def encode(self, session_dict: dict[str, Any]) -> str:
        """What lies in the row: encrypted, for it holds seeds of factors that are being set up, and codes that were just sent."""
        return encrypted(JSONSerializer().dumps(session_dict).decode(), USE)

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """What `encode` was given; nothing of what doesn't open with the secrets of this server: such a session is over."""
        try:
            found: dict[str, Any] = JSONSerializer().loads(decrypted(str(session_data), USE).encode())
        except (Locked, ValueError):
            return {}
        return found

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        kept = cast(Session, super().create_model_instance(data))
        kept.expire_date = session_ends.end_of(data)
        return kept

    def get_expire_at_browser_close(self) -> bool:
        """The cookie of a computer that others use goes with its window; any other may stay: its session's row decides."""
        return session_ends.is_shared(self)

    def get_expiry_age(self, **_kwargs: Any) -> int:
        return self.get_session_cookie_age()


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """Signing in as allauth does it, and the account of somebody who has."""

    def get_user(self, user_id: Any) -> User | None:
        """The account, or None where there is none or it may not sign in (any more)."""
        user = _user.get(pk=int(user_id))
        return user if user is not None and self.user_can_authenticate(user) else None


def enter(session: SessionBase, member: Member) -> bool:
    """Note that the session came into the member's organisation, the first time that it does; say whether it was that.

    Records `signed-in` there.

    Whoever signs in may belong to several organisations: each hears of those who come to it, and of nobody else.
    """
    if member.pk in session.get(ENTERED, ()):
        return False
    with transaction.atomic():
        # The session's row is the lock: a page asks for its parts at the same moment.
        kept = Session.objects.select_for_update(no_key=True).filter(session_key=session.session_key).first()
        entered = SessionStore().decode(kept.session_data).get(ENTERED, []) if kept else []
        session[ENTERED] = [*entered, member.pk] if member.pk not in entered else entered
        is_new = kept is not None and member.pk not in entered
        if is_new:
            session.save()
            reference = member.as_reference()
            record(MEMBER_SIGNED_IN, organisation=member.organisation, actor=reference, object=reference)
            second_factor.begin_grace(member)
    return is_new


def note_use(session: SessionBase, member: Member) -> None:
    """Note that the session is used, now and then, and that it has become one of whoever holds a role, at once.

    While the database can't be written, the session lasts as it did.
    """
    is_longer = session.get(session_ends.KIND) not in (session_ends.Kind.ROLE, session_ends.Kind.SHARED)
    becomes_role = is_longer and "grants" in vars(member) and member.grants
    if becomes_role:
        session[session_ends.KIND] = str(session_ends.Kind.ROLE)
    elif (ends_at := getattr(session, "ends_at", None)) and session_ends.is_worth_noting(session, ends_at):
        try:
            Session.objects.filter(session_key=session.session_key).update(expire_date=session_ends.end_of(session))
        except Error as error:
            if not is_outage(error):
                raise


def end_others(user: User, *, but: str | None = None) -> int:
    """End every session of the account except the one with this key, and say how many there were. Records nothing.

    The account is held meanwhile: who signs in at that moment, or gets a new key (`renew`), is among them or comes after.
    """
    with transaction.atomic():
        hold_account(user)
        others = UserSession.objects.filter(user=user).exclude(session_key=but or "")
        keys = list(others.values_list("session_key", flat=True))
        ended, _by_model = Session.objects.filter(session_key__in=keys).delete()
        others.delete()
    return ended


def renew(request: HttpRequest) -> bool:
    """Go on under a new session key, as after each sign-in (ASVS 5.0, 7.2.4); False if the session has ended meanwhile, or did so already."""
    before = request.session.session_key
    with transaction.atomic():
        if not holds(request):
            return False
        request.session.cycle_key()
        UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)
    return True


def holds(request: HttpRequest) -> bool:
    """Hold the account of whoever asks until the transaction ends, and say whether their session goes on: it may have been ended meanwhile."""
    hold_account(cast(User, request.user))
    return Session.objects.filter(session_key=request.session.session_key).exists()


def forget_ended() -> int:
    """Delete the rows of sessions that have ended by themselves, and say how many there were. Nobody comes back for them.

    The list of devices names the address and browser of each: it goes with its session.
    """
    now, ended = clock.now(), 0
    while keys := list(Session.objects.filter(expire_date__lte=now).values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]):
        ended += Session.objects.filter(pk__in=keys, expire_date__lte=now).delete()[0]
    # One that just begins may stand on the list before its row does.
    without = ~Exists(Session.objects.filter(session_key=OuterRef("session_key")))
    UserSession.objects.filter(without, created_at__lt=now - timedelta(days=1)).delete()
    return ended


@irrevocable
def end_of_person(*, member: Member, by: Member) -> None:
    """End every session of somebody's account, as their computer was lost. They are told. Records `signed-out`.

    Where there is none, nothing is said and recorded. Whoever has that computer could have come into any organisation with it, so
    that none is left; how many there were is told to nobody, for some may have been elsewhere. Raises `NotTheirs` for one's own, or
    for somebody who has no account.
    """
    if member.user is None or member.user_id == by.user_id:
        raise NotTheirs
    with transaction.atomic():
        if not end_others(member.user):
            return
        record(
            MEMBER_SIGNED_OUT,
            organisation=member.organisation,
            actor=by.as_reference(),
            object=member.as_reference(),
        )
        for carry in carriers.all():
            carry(member, by)


def end_of_everybody() -> int:
    """End every session there is, and say how many there were. Records nothing."""
    with transaction.atomic():
        ended, _by_model = Session.objects.all().delete()
        UserSession.objects.all().delete()
    return ended


def going_on(user: User) -> list[UserSession]:
    """The account's sessions that have not ended, in one look: one that gets a new key at this moment is not taken for one that ended."""
    rows = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=clock.now())
    return list(UserSession.objects.filter(Exists(rows), user=user).order_by("pk"))


@irrevocable
def sign_out(sessions: Iterable[UserSession], *, keys: Collection[str]) -> None:
    """End those of the sessions that are meant; the one in which it is asked goes on. Records nothing."""
    for session in sessions:
        if str(session.pk) in keys:
            with transaction.atomic():
                hold_account(session.user)
                held = UserSession.objects.filter(pk=session.pk).first()  # it may have a new key (`renew`)
                if held and not held.is_current():
                    held.end()


@irrevocable
def sign_out_everywhere(request: HttpRequest) -> None:
    """End every session of whoever asks, this one too. Records nothing."""
    end_others(cast(User, request.user))
    logout(request)


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
