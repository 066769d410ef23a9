"""Who may open the addresses that allauth brings. One that a new release brings is refused at the start until it stands here."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import URLResolver

from milepost.core.openness import Openness, Whom, declare
from milepost.people.confirming import confirmed_if
from milepost.people.sessions import holds
from milepost.people.shared_computer import leaving_nothing

SIGNING_IN = Openness(Whom.EVERYBODY, "a step of signing in; tries are counted by address, account and day")
SAYS_NOTHING = Openness(Whom.EVERYBODY, "says the same to everybody")
ONESELF = Openness(Whom.ACCOUNT, "one's own account, and no other")
OPENNESSES = {
    **dict.fromkeys(
        [
            "account_login",
            "account_confirm_login_code",
            "account_email_verification_sent",
            "account_request_login_code",
            "account_reset_password",
            "account_reset_password_from_key",
            "mfa_authenticate",
            "mfa_login_webauthn",
        ],
        SIGNING_IN,
    ),
    **dict.fromkeys(
        [
            "account_inactive",
            "account_logout",
            "account_reset_password_done",
            "account_reset_password_from_key_done",
            "account_signup",
        ],
        SAYS_NOTHING,
    ),
    **dict.fromkeys(
        [
            "account_change_password",
            "account_email",
            "account_reauthenticate",
            "account_set_password",
            "mfa_activate_totp",
            "mfa_add_webauthn",
            "mfa_deactivate_totp",
            "mfa_download_recovery_codes",
            "mfa_edit_webauthn",
            "mfa_generate_recovery_codes",
            "mfa_index",
            "mfa_list_webauthn",
            "mfa_reauthenticate",
            "mfa_reauthenticate_webauthn",
            "mfa_remove_webauthn",
            "mfa_view_recovery_codes",
            "usersessions_list",
        ],
        ONESELF,
    ),
}

# What changes how somebody signs in, or shows what does. Changing a password takes the one that there is.
CONFIRMED = {
    "account_email",
    "account_set_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_download_recovery_codes",
    "mfa_edit_webauthn",
    "mfa_generate_recovery_codes",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
}

# Of these what changes or shows the factors of an account that has one: a password is not enough there.
BY_FACTOR = {name for name in CONFIRMED if name.startswith("mfa_")}

# What changes the factors of an account: one after the other, each finds what the one before did.
ONE_AT_A_TIME = {
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_remove_webauthn",
}


def addresses() -> list[Any]:
    """Allauth's, each of which says who may open it."""
    patterns: list[Any] = import_module("allauth.urls").urlpatterns
    declare(patterns, OPENNESSES)
    _add_ours(patterns)
    return patterns


def _add_ours(patterns: list[Any]) -> None:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            _add_ours(pattern.url_patterns)
        elif pattern.name == "account_logout":
            pattern.callback = leaving_nothing(pattern.callback)
        elif pattern.name == "usersessions_list":
            pattern.callback = _to_ours(pattern.callback)
        elif pattern.name in CONFIRMED and not hasattr(pattern.callback, "confirms"):
            callback = one_at_a_time(pattern.callback) if pattern.name in ONE_AT_A_TIME else pattern.callback
            pattern.callback = confirmed_if(reading=True, by_factor=pattern.name in BY_FACTOR)(callback)


def _to_ours(view: Callable[..., Any]) -> Callable[..., Any]:
    """allauth's list of devices is ours; its own look at it took devices away from it (`apps.DevicesConfig`)."""

    @wraps(view)
    def lead(request: HttpRequest, *_args: Any, **_kwargs: Any) -> Any:
        return redirect("devices")

    return lead


def one_at_a_time(view: Callable[..., Any]) -> Callable[..., Any]:
    """Have what an account sends to this page wait for what it sent before; a session that was ended by that changes nothing."""

    @wraps(view)
    def waiting(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST" or not request.user.is_authenticated:
            return view(request, *args, **kwargs)
        with transaction.atomic():
            if not holds(request):
                return redirect("account_login")
            answer = view(request, *args, **kwargs)
            if request.session.modified:  # seen by who waits, and not kept anew after them
                request.session.save()
                request.session.modified = False
        return answer

    return waiting
