"""Who is asking, and in which organisation: decided once, before any view under `/<organisation>/` runs.

The middleware takes the organisation out of the URL and puts `request.organisation` and `request.member` in
its place. A view never sees the slug, so it can't look anything up except through them; a stranger gets 404
whatever the rest of the URL says.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import unstash_login
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from milepost.core.cookies import LANGUAGE
from milepost.core.http import is_partial, page_before
from milepost.core.openness import is_declared
from milepost.core.prepared import Prepared
from milepost.core.refusals import Refused, problem_response
from milepost.people import second_factor
from milepost.people.happenings import NO_MEMBER, SIGNED_IN, tell
from milepost.people.joining import asking
from milepost.people.models import Member, Organisation, User
from milepost.people.permissions import Permission, may
from milepost.people.sessions import enter, note_use

KEPT_FOR = "Milepost-Person"  # the header by which such a request says whose it is


class AnotherPerson(Refused):
    """What a browser kept for one person (`design/keep-and-send.js`) arrives while another is signed in: it goes on waiting."""

    sentence = gettext_lazy("This was kept for somebody else. It is sent when they sign in here again.")
    status = 403


class NothingThatIsKept(Refused):
    """What a browser sends as kept is nothing that any page of ours keeps: somebody else put it there."""

    sentence = gettext_lazy("Nothing that waits in a browser is done here. It was not sent by a page of Milepost.")
    status = 400


def takes_kept[F: Callable[..., Any]](view: F) -> F:
    """Say of a view that it takes what a page kept in the browser and sends later by itself (`design/keep-and-send.js`).

    No other does: whoever used a computer before could leave anything there, for the next one to send under their name.
    """
    view.takes_kept = True  # type: ignore[attr-defined]
    return view


class OrganisationRequest(HttpRequest):
    """A request under `/<organisation>/`, from a signed-in member of it."""

    organisation: Organisation
    member: Member


class OrganisationMiddleware:
    """Resolve the organisation in the URL and the member who asks; everybody else stops here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(None):
            response = self.get_response(request)
            member = getattr(request, "member", None)
            if member and not (
                is_partial(request) and request.method == "GET"
            ):  # a page that nobody looks at asks, too
                note_use(request.session, member)
            return response

    def process_view(
        self, request: OrganisationRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if not is_declared(view):
            raise ImproperlyConfigured(f"{view.__module__}.{view.__qualname__} doesn’t say who may open it.")
        if KEPT_FOR in request.headers and not getattr(view, "takes_kept", False):
            return problem_response(NothingThatIsKept())
        if "organisation" not in kwargs:
            if is_about_oneself(request.path):
                speak_to(request, _known(request))
            return None
        slug = kwargs.pop("organisation")
        if not request.user.is_authenticated:
            response = redirect_to_login(_page_of(request, slug))
            if is_partial(request):  # a fragment would show the sign-in page inside the page
                response.headers["HX-Redirect"] = response.url
                response.status_code = 200
            return response
        member = membership(user=request.user, slug=slug)
        kept_for = request.headers.get(KEPT_FOR)
        if kept_for and (member is None or kept_for != str(member.uid)):
            return problem_response(AnotherPerson())
        if member is None:
            if request.method == "GET" and asking(request.user).filter(organisation__slug=slug).exists():
                return redirect("home")  # where they answer
            _tell_no_member(request, slug)
            raise Http404
        member.counting = partial(second_factor.that_count, session=request.session)
        is_new = enter(request.session, member)
        if is_new:
            tell(SIGNED_IN, request, member=member, detail=ways_in(request))
        request.member = member
        request.organisation = member.organisation
        timezone.activate(member.time_zone or member.organisation.time_zone)
        speak_as(request, member)
        if is_new and request.method == "GET" and not is_partial(request) and second_factor.is_wanting(member):
            return _to_second_factor(request)
        return None


def is_about_oneself(path: str) -> bool:
    """Whether the page is the front door, or one of signing in and of one's own account."""
    return path == "/" or path.startswith("/accounts/")


def _known(request: HttpRequest) -> User | None:
    """Who asks: whoever is signed in, or has given their password or code and is asked for the second factor.

    An address that was typed is nobody yet: a page in the language of its person would tell a stranger that there is one.
    """
    if request.user.is_authenticated:
        return request.user
    if request.resolver_match and request.resolver_match.url_name == "mfa_authenticate":
        login = unstash_login(request, peek=True)
        return cast(User | None, login.user) if login else None
    return None


def speak_to(request: HttpRequest, user: User | None) -> None:
    """Go on in the language of this person, as their first organisation knows it, unless they chose another in this browser."""
    if user is not None and not LANGUAGE.of(request):
        members = Member.objects.active().filter(user=user).select_related("organisation")
        if member := members.order_by("pk").first():
            speak_as(request, member)


def speak_as(request: HttpRequest, member: Member) -> None:
    """The same, as the member of one organisation."""
    if not LANGUAGE.of(request):
        translation.activate(member.speaks)
        request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE


def _to_second_factor(request: HttpRequest) -> HttpResponseBase:
    return redirect(f"{reverse('second_factor')}?{urlencode({'next': request.get_full_path()})}")


def _tell_no_member(request: HttpRequest, slug: str) -> None:
    """The organisation hears that somebody tried, from which address, and not who: they may belong elsewhere."""
    if number := Organisation.objects.filter(slug=slug).values_list("pk", flat=True).first():
        tell(NO_MEMBER, request, organisation=number)


def ways_in(request: HttpRequest) -> str:
    """By what this session was opened: allauth's words for it, joined with +."""
    records = get_authentication_records(request, request.user)
    return "+".join(dict.fromkeys(str(record.get("type") or record["method"]) for record in records))


def _page_of(request: HttpRequest, slug: str) -> str:
    """Where somebody goes on once they signed in: this page; after a form the page on which it stood."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    _scheme, _host, path, query, _fragment = urlsplit(page_before(request) or f"/{slug}/")
    return f"{path}?{query}" if query else path


def in_own_zone(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For pages outside an organisation that tell times: by the clock of whoever is signed in."""

    @wraps(view)
    def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            members = Member.objects.active().filter(user=request.user).select_related("organisation")
            if member := members.order_by("pk").first():
                timezone.activate(member.time_zone or member.organisation.time_zone)
        return view(request, *args, **kwargs)

    return seen


def membership(*, user: User, slug: str) -> Member | None:
    """The user's active membership of the organisation, or None. One query; roles are loaded when they are asked for."""
    member = _membership.get(user=user.pk, slug=slug)
    return None if member is None or member.has_left else member


_membership = Prepared(
    lambda user, slug: (
        Member.objects.select_related("organisation").filter(user=user, organisation__slug=slug).order_by()
    ),
    user=int,
    slug=str,
)


def client_address(request: HttpRequest) -> str:
    """The address that the request comes from, past the proxies that `MILEPOST_TRUSTED_PROXIES` counts."""
    return str(get_adapter().get_client_ip(request))


def requires[F: Callable[..., Any]](*permissions: Permission) -> Callable[[F], F]:
    """Let only members into the view who hold one of the permissions, in any scope; others get 403.

    What a scope leaves out, the view leaves out by `visible` and `may`. Every view under an organisation says who it is
    for, by this or by `member_required`: a test walks the addresses.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(request: OrganisationRequest, *args: Any, **kwargs: Any) -> Any:
            if permissions and not any(may(request.member, permission) for permission in permissions):
                if not request.member.is_held_back:
                    raise PermissionDenied
                if request.method != "GET" or is_partial(request):
                    raise second_factor.SecondFactorWanting
                return _to_second_factor(request)
            return view(request, *args, **kwargs)

        guarded.is_for = permissions  # type: ignore[attr-defined]
        return cast(F, guarded)

    return decorate


def member_required[F: Callable[..., Any]](view: F) -> F:
    """For any member: pages that show what is one's own, and verbs that ask for themselves."""
    return requires()(view)
