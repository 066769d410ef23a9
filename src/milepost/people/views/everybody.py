"""Pages for anybody: the front door, an invitation, and the organisation's look on pages of signing in."""

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from milepost.core import blobs
from milepost.people.colours import lighten_until_readable
from milepost.people.context import Brand
from milepost.people.inviting import accept, invited
from milepost.people.models import Member, Organisation


def entrance(request: HttpRequest) -> HttpResponseBase:
    """The front door: straight to one's organisation, or a choice when there are several."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    memberships = list(Member.objects.active().filter(user=request.user).select_related("organisation"))
    if len(memberships) == 1:
        return redirect(memberships[0].organisation.home)
    return render(request, "people/entrance.html", {"memberships": memberships})


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Where the link in an invitation leads: who invites, and one button."""
    member = invited(token)
    if request.method == "POST":
        user = accept(member=member)
        response: HttpResponseBase = perform_login(
            request, Login(user=user, email_verification="none", redirect_url=f"/{member.organisation.slug}/")
        )
        return response
    return render(request, "people/invitation.html", {"invited": member, "brand": Brand.of(member.organisation)})


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


def logo(request: HttpRequest, slug: str, fingerprint: str) -> HttpResponse:
    """The organisation's logo; shown on its sign-in pages too, so anyone may see it."""
    organisation = get_object_or_404(Organisation, slug=slug)
    if not organisation.logo or fingerprint != organisation.brand_fingerprint:
        raise Http404
    response = HttpResponse(blobs.read(organisation.uid, organisation.logo), content_type=organisation.logo_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
