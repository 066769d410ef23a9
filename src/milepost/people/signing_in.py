"""Signing in with django-allauth: an account appears when a person whom an organisation knows first asks for one.

The HR file makes members, not accounts. When somebody asks for a sign-in code (or follows an invitation), and an
active member has that address, the account is made then. Which organisations it belongs to is `joining`'s to say.
"""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import RequestLoginCodeForm as BaseRequestLoginCodeForm
from allauth.account.forms import ResetPasswordForm as BaseResetPasswordForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import password_changed, password_reset, password_set, user_logged_in
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in as logged_in
from django.db import IntegrityError, transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from milepost.people import confirming, known_browsers, second_factor, session_ends, sign_in_events
from milepost.people.access import speak_to
from milepost.people.joining import hold_account, join_first
from milepost.people.models import FactorReset, Member, User
from milepost.people.sessions import end_others


def account_for(email: str) -> User | None:
    """The account with this address, made now if an active member has the address; None for strangers."""
    address = email.strip().lower()
    user = account_of(address)
    if user is None and Member.objects.active().filter(email=address).exists():
        try:
            with transaction.atomic():
                user = User.objects.create_user(address)
                EmailAddress.objects.create(user=user, email=address, primary=True, verified=False)
        except IntegrityError:  # somebody pressed twice
            user = User.objects.get(email=address)
    return user


def account_of(email: str) -> User | None:
    """The account that this address signs in to; None where there is none."""
    return account_in_use(email) or User.objects.filter(email=email.strip().lower()).first()


def account_in_use(email: str) -> User | None:
    """The account whose person has proven this address; None where nobody has yet."""
    proven = EmailAddress.objects.filter(email=email.strip().lower(), verified=True).select_related("user").first()
    return proven.user if proven else None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What differs from allauth's own ways: nobody signs up unasked. Its mails are sent by `notices.sign_in_mails`."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": gettext_lazy(
            "Too many tries for this address. Wait five minutes, sign in in another way, or use a browser in which you "
            "have signed in before."
        ),
        "email_password_mismatch": gettext_lazy(
            "Address and password don’t belong together. Type them again, or have a code sent by e-mail instead."
        ),
        "incorrect_code": gettext_lazy("This is not the code. Type it again, or have another one sent."),
        "rate_limited": gettext_lazy("Too many tries. Wait five minutes, then try again."),
    }

    def is_safe_url(self, url: str | None) -> bool:
        """Whether somebody may be led there after signing in; what is no address at all is not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # urlsplit of http://[::1
            return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count this try: one of the browser's own, where the person is known in it, else one of those that everybody has."""
        account = account_of(str(credentials.get("email") or "")) if known_browsers.KNOWN.of(request) else None
        if not known_browsers.has_tries_left(request, account, "known-browser"):
            super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request: HttpRequest, **credentials: object) -> None:
        sign_in_events.password_failed(request, str(credentials.get("email") or ""))

    def is_reauthentication_required(self, **_kwargs: Any) -> bool:
        """Asked in one way everywhere: by `confirming`, on the addresses that `allauth_addresses` names."""
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session, and have it on the list, while the account is held: whatever ends sessions ends it, or was before.

        Who came in without a second factor does not, if one was set up in this moment.
        """
        with transaction.atomic():
            hold_account(user)
            ways = {record["method"] for record in get_authentication_records(request, user)}
            if "mfa" not in ways and second_factor.has_one(user.pk):
                raise ImmediateHttpResponse(redirect("account_login"))
            super().login(request, user)
            UserSession.objects.create_from_request(request)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class RequestLoginCodeForm(BaseRequestLoginCodeForm):  # type: ignore[misc]
    """Asks for a code; makes the account first when an organisation knows the address."""

    def clean_email(self) -> str:
        account = account_for(self.cleaned_data["email"])
        if not known_browsers.has_tries_left(context.request, account, "known-browser-code"):
            return str(super().clean_email())
        self._user = account if account and account.is_active else None
        return str(self.cleaned_data["email"])


class ResetPasswordForm(BaseResetPasswordForm):  # type: ignore[misc]
    """Sets a new password; makes the account first when an organisation knows the address."""

    def clean_email(self) -> str:
        account_for(self.cleaned_data["email"])
        return str(super().clean_email())


def connect() -> None:
    """Listen for sign-ins, and for what changes how somebody signs in."""
    logged_in.connect(_on_session, dispatch_uid="milepost.people")
    user_logged_in.connect(_on_sign_in, dispatch_uid="milepost.people")
    sign_in_events.connect()
    for changed in (password_changed, password_set, password_reset):
        changed.connect(_on_password, dispatch_uid="milepost.people")
    authenticator_used.connect(_on_factor_used, dispatch_uid="milepost.people")
    post_save.connect(_on_factor, sender=Authenticator, dispatch_uid="milepost.people")
    post_delete.connect(_on_lost_factor, sender=Authenticator, dispatch_uid="milepost.people")


def _on_session(request: HttpRequest, user: User, **_rest: object) -> None:
    session_ends.begin(request.session, user)
    has_factor = second_factor.has_one(user.pk)  # then they came in by it (`AccountAdapter.login`)
    confirming.note(request, by_factor=has_factor)
    known_browsers.remember(request, user)
    speak_to(request, user)
    if has_factor:
        request.session[second_factor.KNOWN] = True


def _on_sign_in(user: User, **_rest: object) -> None:
    join_first(user=user)


def _on_password(request: HttpRequest, user: User, **_rest: object) -> None:
    """Whoever came in by what is no key any more goes out; who changed it stays."""
    end_others(user, but=request.session.session_key)
    if request.user.pk == user.pk:
        known_browsers.remember(request, user)  # the password that there was is part of what the cookie says


def _on_lost_factor(instance: Authenticator, **_rest: object) -> None:
    _end_others_of(instance)
    if not second_factor.has_one(instance.user_id):
        second_factor.end_grace(instance.user_id)


def _on_factor(instance: Authenticator, created: bool, **_rest: object) -> None:
    """Each use of one is saved, too. Who sets one up has shown that they have it: its recovery codes come on the next page."""
    if created and _end_others_of(instance):
        confirming.note(context.request, by_factor=True)


def _end_others_of(factor: Authenticator) -> bool:
    """The same for a second factor that is new or gone, in the transaction of the change; whether its person made it here."""
    if factor.type == Authenticator.Type.RECOVERY_CODES:
        return False
    request = context.request
    is_own = request is not None and request.user.pk == factor.user_id
    end_others(factor.user, but=request.session.session_key if is_own else None)
    if is_own:
        request.session[second_factor.KNOWN] = second_factor.has_one(factor.user_id)
    return is_own


def _on_factor_used(user: User, **_rest: object) -> None:
    """What is used is not lost."""
    if FactorReset.objects.filter(user=user).exists():
        second_factor.keep(user=user)
