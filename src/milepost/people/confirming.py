"""Who it is, once more: asked before what can't be undone, when somebody signed in a while ago (decision 0036).

    @require_POST
    @requires(MANAGE_ROLES)
    @confirmed                            # asks before a form is taken; `@confirmed_if(reading=True)`: before a page, too
    def grants(request, member): ...

The page that asks carries what was typed: its one form goes to the same address with the same fields, and once the answer is right
the view has its request as it was sent. Nothing is kept on the server meanwhile, nothing needs JavaScript but a passkey. With a
second factor or a password one of these is asked; whoever signs in by a code alone is sent one. What changes a second factor takes that
factor itself, or a recovery code (`by_factor`, decision 0045): somebody who found the password out would else be rid of it.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from milepost.core import clock
from milepost.core.http import is_partial, page_before
from milepost.people.happenings import SIGN_IN_FAILED, tell
from milepost.people.limits import refuse_over_limit
from milepost.people.models import User
from milepost.people.second_factor import has_one
from milepost.people.sessions import renew

HOLDS_FOR = timedelta(minutes=15)
CODE_HOLDS_FOR = timedelta(minutes=10)  # ASVS 5.0, 6.5.5
AT, BY_FACTOR_AT, CODE = "confirmed_at", "confirmed_by_factor_at", "confirming_code"  # in a session
OURS = "confirming-"  # how the fields of the page that asks begin
NOT_CARRIED = ("csrfmiddlewaretoken",)


def confirmed[F: Callable[..., Any]](view: F) -> F:
    """Ask who it is before the view takes a form, unless they said so within the last 15 minutes; signing in says so, too.

    It stands below the permission: whoever may not, is asked nothing.
    """
    return confirmed_if()(view)


def confirmed_if[F: Callable[..., Any]](
    when: Callable[[HttpRequest], bool] | None = None, *, reading: bool = False, by_factor: bool = False
) -> Callable[[F], F]:
    """The same, `when` this holds of the request alone, or before the view is looked at as well (`reading`).

    With `by_factor` whoever has a second factor answers with it, and a password is not enough.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            is_asked = reading or request.method not in ("GET", "HEAD", "OPTIONS")
            if (
                is_asked
                and request.user.is_authenticated
                and (when is None or when(request))
                and not is_recent(request, by_factor=by_factor)
            ):
                answer = _ask(request, by_factor=by_factor)
                if answer is not None:
                    return answer
            _drop_ours(request)
            return view(request, *args, **kwargs)

        asked.confirms = True  # type: ignore[attr-defined]
        return cast(F, asked)

    return decorate


def is_recent(request: HttpRequest, *, by_factor: bool = False) -> bool:
    """Whether whoever asks has said who they are within the last 15 minutes, by signing in or by answering here.

    With `by_factor`: with their second factor, where they have one.
    """
    at = BY_FACTOR_AT if by_factor and has_one(request.user.pk) else AT
    return bool(clock.now().timestamp() - request.session.get(at, 0) < HOLDS_FOR.total_seconds())


def note(request: HttpRequest, *, by_factor: bool) -> None:
    """Note that whoever asks has said who they are, and whether with a second factor."""
    for at in (AT, BY_FACTOR_AT) if by_factor else (AT,):
        request.session[at] = clock.now().timestamp()


def _ask(request: HttpRequest, *, by_factor: bool) -> HttpResponseBase | None:
    """The page that asks; or None once the answer is right, after which the view has its request as it was sent."""
    user, problem = cast(User, request.user), ""
    takes_factor = has_one(user.pk)
    checks = _CHECKS if not (by_factor and takes_factor) else {name: _CHECKS[name] for name in _OF_FACTOR}
    if request.method == "POST" and f"{OURS}send" in request.POST:
        _send_code(request, user)
    elif request.method == "POST" and any(request.POST.get(f"{OURS}{name}") for name in checks):
        refuse_over_limit(request, "identity", account=user.pk)
        answers = ((name, check, request.POST.get(f"{OURS}{name}", "")) for name, check in checks.items())
        right = next((name for name, check, answer in answers if check(request, user, answer)), None)
        if right:
            return _go_on(request, by_factor=takes_factor and right in _OF_FACTOR)
        tell(SIGN_IN_FAILED, request, user=user, detail="confirming")
        problem = _("That is not right. Try again.")
    return _page(request, user, problem, takes_password="password" in checks)


def _go_on(request: HttpRequest, *, by_factor: bool) -> HttpResponseBase | None:
    """A new session key; whoever asked for a page gets it by its address.

    A session that was ended meanwhile ends here, too; of two presses at once the second is led on by the cookie of the first.
    """
    if not renew(request):
        leave = request.POST.get(f"{OURS}leave", "")
        return redirect(leave if _is_ours(request, leave) else "/")
    request.session.pop(CODE, None)
    note(request, by_factor=by_factor)
    back = request.POST.get(f"{OURS}back", "")
    return redirect(back) if _is_ours(request, back) else None


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())


def _page(request: HttpRequest, user: User, problem: str, *, takes_password: bool) -> HttpResponse:
    factors = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    has_passkey, has_app = Authenticator.Type.WEBAUTHN in factors, Authenticator.Type.TOTP in factors
    has_password = takes_password and user.has_usable_password()
    is_reading, has_files = request.method in ("GET", "HEAD"), bool(request.FILES)
    leave = request.POST.get(f"{OURS}leave") or page_before(request) or "/"
    back = request.get_full_path() if is_reading else leave if has_files else ""
    carried = [(name, value) for name, values in request.POST.lists() for value in values if _is_carried(name)]
    context = {
        "problem": problem,
        "has_password": has_password,
        "is_about_factor": not takes_password,
        "has_app": has_app or Authenticator.Type.RECOVERY_CODES in factors,
        "has_passkey": has_passkey,
        "by_mail": not (has_passkey or has_app),
        "is_sent": CODE in request.session,
        "carried": carried,
        # A page is led to by its address. A file can't be carried: its form is shown anew.
        "back": request.POST.get(f"{OURS}back") or back,
        "has_files": has_files,
        "leave": leave,
        "js_data": _passkey_options(user) if has_passkey else None,
    }
    response = render(request, "people/confirming.html", context)
    if is_partial(request):
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "body", "innerHTML"
    return response


def _passkey_options(user: User) -> dict[str, Any]:
    from allauth.mfa.webauthn.internal.auth import begin_authentication

    return {"request_options": begin_authentication(user)}


def _is_carried(name: str) -> bool:
    return name not in NOT_CARRIED and not name.startswith(OURS)


def _drop_ours(request: HttpRequest) -> None:
    if request.method == "POST" and any(name.startswith(OURS) for name in request.POST):
        sent = QueryDict(mutable=True)
        for name, values in request.POST.lists():
            if not name.startswith(OURS):
                sent.setlist(name, values)
        sent._mutable = False
        request.POST = sent  # type: ignore[assignment]


# --- What is asked ----------------------------------------------------------------------------------------


def _is_password(_request: HttpRequest, user: User, typed: str) -> bool:
    return bool(typed) and user.check_password(typed)


def _is_code(request: HttpRequest, user: User, typed: str) -> bool:
    """Of an app or a recovery code, where there is a second factor; else the one that was sent. Each holds once."""
    typed = "".join(typed.split())
    if not typed:
        return False
    if Authenticator.objects.filter(user=user).exists():
        form = ReauthenticateForm(data={"code": typed}, user=user)
        if form.is_valid():
            form.save()
        return bool(form.is_valid())
    sent = request.session.get(CODE)
    if sent is None or clock.now().timestamp() > sent["until"]:
        return False
    return secrets.compare_digest(sent["digest"], _digest_of(typed))


def _is_passkey(_request: HttpRequest, user: User, credential: str) -> bool:
    from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm

    form = ReauthenticateWebAuthnForm(data={"credential": credential}, user=user)
    if not credential or not form.is_valid():
        return False
    form.save()
    return True


_CHECKS: dict[str, Callable[[HttpRequest, User, str], bool]] = {
    "password": _is_password,
    "code": _is_code,
    "credential": _is_passkey,
}
_OF_FACTOR = ("code", "credential")  # where there is one; else the code is that of an e-mail


def _send_code(request: HttpRequest, user: User) -> None:
    """Send one to the address of the account; only its digest stays, in this session, for ten minutes."""
    refuse_over_limit(request, "identity-code", account=user.pk)
    adapter = get_adapter(request)
    code = adapter.generate_login_code()
    adapter.send_mail("account/email/confirming_code", user.email, {"code": code, "user": user})
    until = (clock.now() + CODE_HOLDS_FOR).timestamp()
    request.session[CODE] = {"digest": _digest_of("".join(code.split())), "until": until}


def _digest_of(code: str) -> str:
    return salted_hmac("milepost.people.confirming", code.upper().replace("-", ""), algorithm="sha256").hexdigest()
