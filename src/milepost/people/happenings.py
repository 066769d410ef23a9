"""What happens at the doors: who came in, who was turned away and why. It is told here; whoever keeps it hangs itself on `watchers`.

    TAKEN_AWAY = Happening("factor-removed", gettext_lazy("Took a factor away"), Area.AUTHENTICATION)     the kinds, below
    happenings.register(TAKEN_AWAY.name, TAKEN_AWAY)

    tell(SIGN_IN_FAILED, request, user=user, detail="password")        # in every organisation that the account belongs to
    tell(REFUSED, request, member=request.member, detail="people")     # in this member's organisation
    tell(LIMIT_REACHED, request, organisation=7, detail="document-code")
    tell(SIGN_IN_FAILED, request, detail="password")                   # nobody's: whoever runs the installation alone hears of it

`detail` is a word of the code (the name of a view, of a limit, of a factor), never anything that somebody typed. A fact of the
journal needs no telling: its type says by `watched` which kind it is of. Nothing that a watcher does changes the answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from milepost.core.registry import Registry
from milepost.people.models import Member, User


class Area(StrEnum):
    """What a kind is about, in the words of `event.category` of the Elastic Common Schema."""

    AUTHENTICATION = "authentication"
    SESSION = "session"
    IAM = "iam"  # accounts, roles and factors
    WEB = "web"
    CONFIGURATION = "configuration"
    FILE = "file"


@dataclass(frozen=True)
class Happening:
    """A kind of event. `is_refusal` says that somebody was turned away."""

    name: str
    label: str | Promise
    area: Area
    is_refusal: bool = False


SIGNED_IN = Happening("signed-in", _("Signed in"), Area.AUTHENTICATION)
SIGN_IN_FAILED = Happening("sign-in-failed", _("Failed to sign in"), Area.AUTHENTICATION, is_refusal=True)
SESSION_ENDED = Happening("session-ended", _("Ended a session"), Area.SESSION)
PASSWORD_CHANGED = Happening("password-changed", _("Changed their password"), Area.IAM)
FACTOR_ADDED = Happening("factor-added", _("Added a way to sign in"), Area.IAM)
FACTOR_REMOVED = Happening("factor-removed", _("Removed a way to sign in"), Area.IAM)
FACTOR_RENEWED = Happening("factor-renewed", _("Made new recovery codes"), Area.IAM)
REFUSED = Happening("refused", _("Was refused"), Area.WEB, is_refusal=True)
NO_MEMBER = Happening("no-member", _("Asked for a page without belonging here"), Area.WEB, is_refusal=True)
LIMIT_REACHED = Happening("limit-reached", _("Tried too often"), Area.WEB, is_refusal=True)
QUOTA_REACHED = Happening("quota-reached", _("Asked for more than the organisation may use"), Area.WEB, is_refusal=True)
FORGED_FORM = Happening("stale-form", _("Sent a form that is too old or not from here"), Area.WEB, is_refusal=True)
ROLE_CHANGED = Happening("role-changed", _("Gave or withdrew a role"), Area.IAM)
EXPORTED = Happening("exported", _("Took data out"), Area.FILE)
ERASED = Happening("erased", _("Erased data"), Area.FILE)
FACT_MISSED = Happening("fact-missed", _("Found that a fact is gone"), Area.FILE)
KEY_CHANGED = Happening("key-changed", _("Made, renewed or ended a key"), Area.CONFIGURATION)
SETTING_CHANGED = Happening("setting-changed", _("Changed a setting"), Area.CONFIGURATION)

OWN = tuple(item for item in list(globals().values()) if isinstance(item, Happening))

happenings: Registry[Happening] = Registry("kind of security event")


@dataclass(frozen=True)
class Told:
    """One event: of which kind, from which address, whose, and in which organisations it is known (keys; none: in none)."""

    kind: Happening
    address: str
    detail: str
    members: tuple[Member, ...] = ()
    organisation_id: int | None = None  # where no member is known
    request: str = ""  # its number, as in the log


watchers: Registry[Callable[[Told], None]] = Registry("watcher of security events")


def tell(
    kind: Happening,
    request: HttpRequest,
    *,
    detail: str = "",
    member: Member | None = None,
    user: User | AnonymousUser | None = None,
    organisation: int | None = None,
) -> None:
    """Tell the watchers. With a `user`, every organisation that they joined hears of it, and of no other one."""
    request.is_told = True  # type: ignore[attr-defined]
    members = [member] if member else _memberships(user)
    number = str(getattr(request, "request_id", ""))
    told = Told(kind, str(get_adapter().get_client_ip(request)), detail, tuple(members), organisation, number)
    for watch in watchers.all():
        watch(told)


def is_told(request: HttpRequest) -> bool:
    """Whether somebody has said already what is to be said of this request."""
    return getattr(request, "is_told", False)


def _memberships(user: Any) -> Iterable[Member]:
    if user is None or not user.pk:
        return ()
    return Member.objects.active().filter(user=user).select_related("organisation").order_by("pk")
