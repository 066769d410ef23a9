"""Pages for anybody: the front door, an invitation, and the organisation's look on pages of signing in."""

from typing import cast
from urllib.parse import urlencode

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import blobs
from milepost.core.http import next_of
from milepost.core.openness import Whom, open_to
from milepost.design import views as design
from milepost.people import known_browsers
from milepost.people.access import in_own_zone, speak_to
from milepost.people.colours import lighten_until_readable
from milepost.people.context import Brand
from milepost.people.inviting import accept, invited
from milepost.people.joining import NotAsked, asking, decline, join
from milepost.people.models import Member, MemberQuerySet, Organisation, User
from milepost.people.shared_computer import say_shared
from milepost.people.signing_in import account_in_use


@open_to(Whom.EVERYBODY, "leads to where one signs in, or belongs")
def entrance(request: HttpRequest) -> HttpResponseBase:
    """The front door: straight to one's organisation, or a choice when there are several or another one asks."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    belongs = list(_belongs_to(request.user))
    if len(belongs) == 1 and not asking(request.user).filter(declined_at=None).exists():
        return redirect(belongs[0].organisation.home)
    return memberships(request)


@open_to(Whom.ACCOUNT, "where I belong, and who asks me")
@require_GET
@login_required
@in_own_zone
def memberships(request: HttpRequest) -> HttpResponseBase:
    """Where I belong, who asks me to join, and to whom I said no."""
    asked = list(asking(_account(request)).order_by("organisation__name"))
    context = {
        "memberships": _belongs_to(_account(request)).order_by("organisation__name"),
        "waiting": [member for member in asked if member.declined_at is None],
        "declined": [member for member in asked if member.declined_at],
    }
    return render(request, "people/entrance.html", context)


@open_to(Whom.ACCOUNT, "my answer to who asks me")
@require_POST
@login_required
def membership(request: HttpRequest, member: str) -> HttpResponseBase:
    """My answer to an organisation that asks: yes (`join`) or no (`decline`)."""
    asked = Member.objects.select_related("organisation").filter(uid=member).first()
    if asked is None:
        raise NotAsked
    if "join" in request.POST:
        join(user=_account(request), member=asked)
        return redirect(asked.organisation.home)
    if "decline" in request.POST:
        decline(user=_account(request), member=asked)
        messages.success(request, _("You said no. It stands on your record there; you can still say yes on this page."))
    return redirect("memberships")


@require_POST
@open_to(Whom.EVERYBODY, "notes in one's own session that the computer is not one's own")
def shared_computer(request: HttpRequest) -> HttpResponseBase:
    """Say before signing in that the computer is not one's own (`shared`), or that it is; the sign-in page comes again."""
    say_shared(request, is_so="shared" in request.POST)
    following = next_of(request)
    query = f"?{urlencode({'next': following})}" if following != "/" else ""
    response = redirect(f"{reverse('account_login')}{query}")
    if "shared" in request.POST:
        known_browsers.forget(response)
    return response


def _belongs_to(user: User) -> MemberQuerySet:
    return Member.objects.active().filter(user=user).select_related("organisation")


def _account(request: HttpRequest) -> User:
    return cast(User, request.user)


@open_to(Whom.LINK, "makes the account of whoever was invited")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Where the link in an invitation leads: who invites, and one button; whoever has an account signs in and answers."""
    member = invited(token)
    if account := account_in_use(member.email or ""):
        return _to_the_question(request, member, account)
    if request.method == "POST":
        user = accept(member=member)
        response: HttpResponseBase = perform_login(
            request, Login(user=user, email_verification="none", redirect_url=f"/{member.organisation.slug}/")
        )
        return response
    return render(request, "people/invitation.html", {"invited": member, "brand": Brand.of(member.organisation)})


def _to_the_question(request: HttpRequest, member: Member, account: User) -> HttpResponseBase:
    """An account is opened by its person alone: what one organisation sends signs nobody in to it."""
    if request.user == account:
        return redirect("memberships")
    about = {"organisation": member.organisation.name, "email": member.email}
    if request.user.is_authenticated:
        words = _(
            "%(organisation)s invites %(email)s, and you are signed in with another address. Sign out, and open it again."
        )
        messages.warning(request, words % about)
        return redirect("memberships")
    words = _(
        "%(organisation)s asks you to join. You have an account already: sign in as %(email)s, and say yes or no."
    )
    messages.info(request, words % about)
    return redirect_to_login(reverse("memberships"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, to whoever is signed in in their language: an address that leads nowhere has no organisation yet."""
    _speak_to_whom_asks(request)
    return design.not_found(request, exception)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for such a form, in the same way: it is refused before anybody looked whose organisation it is."""
    _speak_to_whom_asks(request)
    return design.stale_form(request, reason)


def _speak_to_whom_asks(request: HttpRequest) -> None:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        speak_to(request, user)


@open_to(Whom.EVERYBODY, "colours that stand on the page of signing in")
def brand(request: HttpRequest, slug: str, fingerprint: str) -> HttpResponse:
    """The organisation's colours as a style sheet; `fingerprint` changes with them, so browsers may keep it for ever."""
    organisation = get_object_or_404(Organisation, slug=slug)
    if fingerprint != organisation.brand_fingerprint:
        raise Http404
    context = {
        "colour": organisation.brand_colour,
        "dark_colour": lighten_until_readable(organisation.brand_colour, on="#1c2223"),
        "radius": organisation.corner_radius,
    }
    response = render(request, "people/brand.css", context, content_type="text/css")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@open_to(Whom.EVERYBODY, "a logo that stands on the page of signing in")
def logo(request: HttpRequest, slug: str, fingerprint: str) -> HttpResponse:
    """The organisation's logo; shown on its sign-in pages too, so anyone may see it."""
    organisation = get_object_or_404(Organisation, slug=slug)
    if not organisation.logo or fingerprint != organisation.brand_fingerprint:
        raise Http404
    response = HttpResponse(blobs.read(organisation.uid, organisation.logo), content_type=organisation.logo_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
