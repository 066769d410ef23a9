"""What allauth says of accounts, told as security events (`happenings`): who failed to come in, what factors they changed, who went out."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_out
from django.dispatch import Signal
from django.http import HttpRequest

from milepost.people.happenings import (
    FACTOR_ADDED,
    FACTOR_REMOVED,
    FACTOR_RENEWED,
    PASSWORD_CHANGED,
    SESSION_ENDED,
    SIGN_IN_FAILED,
    Happening,
    tell,
)
from milepost.people.models import User


def password_failed(request: HttpRequest, email: str) -> None:
    """Tell that a password was not the account's; of an address that nobody has, nothing of what was typed."""
    user = User.objects.filter(email=email.strip().lower()).first()
    tell(SIGN_IN_FAILED, request, user=user, detail="password" if user else "unknown-address")


def connect() -> None:
    """Listen to allauth."""
    _on(account.login_code_rejected, SIGN_IN_FAILED, "code")
    _on(account.password_reset_code_rejected, SIGN_IN_FAILED, "password-reset")
    _on(mfa.authentication_failed, SIGN_IN_FAILED)
    _on(account.password_changed, PASSWORD_CHANGED, "changed")
    _on(account.password_set, PASSWORD_CHANGED, "set")
    _on(account.password_reset, PASSWORD_CHANGED, "reset")
    _on(mfa.authenticator_added, FACTOR_ADDED)
    _on(mfa.authenticator_removed, FACTOR_REMOVED)
    _on(mfa.authenticator_reset, FACTOR_RENEWED)
    _on(user_logged_out, SESSION_ENDED, "sign-out")


def _on(signal: Signal, kind: Happening, detail: str = "") -> None:
    def told(request: HttpRequest | None = None, user: Any = None, authenticator: Any = None, **_rest: Any) -> None:
        if request is not None and user is not None:
            # Of a factor its type; where several were asked for, no word.
            tell(kind, request, user=user, detail=detail or str(getattr(authenticator, "type", "")) or "second-factor")

    signal.connect(told, weak=False, dispatch_uid=f"milepost.people:{kind.name}:{detail}")
