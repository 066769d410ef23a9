"""Whoever looks after people: what did not arrive, and how each kind looks to a real person."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_POST

from milepost.core.http import page_before
from milepost.core.paging import page_of
from milepost.core.queries import text_of, uuid_of
from milepost.notices.channels.email.message import as_html, as_text
from milepost.notices.kinds import Kind, kinds
from milepost.notices.letters import Letter, written
from milepost.notices.models import Notice, NoticeQuerySet, Recipient
from milepost.notices.undelivered import held_up_in, leave_it, may_look_after, try_again, undelivered_in
from milepost.people.access import OrganisationRequest, member_required, requires
from milepost.people.models import Member
from milepost.people.permissions import MANAGE_ORGANISATION, MANAGE_PEOPLE, sees_everybody, visible

OFFERED = 20  # people offered to preview with


@require_GET
@requires(MANAGE_PEOPLE)
def undelivered(request: OrganisationRequest) -> HttpResponse:
    """What did not arrive, with the address and the reason."""
    page = page_of(request, _reached(request, undelivered_in(request.organisation)))
    held_up = held_up_in(request.organisation) if sees_everybody(request.member, MANAGE_PEOPLE) else None
    return render(request, "notices/undelivered.html", {"page": page, "held_up": held_up})


@require_POST
@member_required
def notice(request: OrganisationRequest, notice: str) -> HttpResponseBase:
    """Try again, or take it off the list (`leave`): for who manages the person, and for who may send such notices."""
    rows = Notice.objects.select_related("organisation", "member").filter(organisation=request.organisation)
    undelivered = get_object_or_404(rows, uid=notice)
    if not may_look_after(request.member, undelivered):
        raise PermissionDenied
    if "leave" in request.POST:
        leave_it(undelivered)
        messages.success(request, _("Taken off the list."))
    else:
        try_again(undelivered)
        messages.success(request, _("It is sent again now."))
    return redirect(page_before(request) or reverse("undelivered", args=[request.organisation.slug]))


def _reached(request: OrganisationRequest, rows: NoticeQuerySet) -> NoticeQuerySet:
    """Those to people within one's scope; to people outside of the organisation only for whoever sees everybody."""
    if sees_everybody(request.member, MANAGE_PEOPLE):
        return rows
    return rows.filter(member__in=visible(request.member, MANAGE_PEOPLE))


@require_GET
@requires(MANAGE_ORGANISATION)
def preview(request: OrganisationRequest) -> HttpResponse:
    """How a kind of notice looks to a person: choose both."""
    name, kind = _kind(request)
    person = _person(request)
    letter = _letter(request, kind, person)
    text = text_of(request.GET, "q")
    everybody = Member.objects.active().filter(organisation=request.organisation)
    context = {
        "kinds": [(offered, kind.label) for offered, kind in kinds.items()],
        "name": name,
        "kind": kind,
        "person": person,
        "text": text,
        "people": everybody.matching(text)[:OFFERED] if text else [],
        "letter": letter,
        "plain": as_text(letter),
    }
    return render(request, "notices/preview.html", context)


# Mail programs read styles from the tags themselves, so this one page has them there; it holds no script.
LETTER = {"default-src": [CSP.NONE], "style-src": [CSP.UNSAFE_INLINE], "frame-ancestors": [CSP.SELF]}


@csp_override(LETTER)  # never: exempting (another policy, which allows no script either)
@xframe_options_sameorigin  # never: exempting (shown in the page that previews it)
@require_GET
@requires(MANAGE_ORGANISATION)
def preview_letter(request: OrganisationRequest) -> HttpResponse:
    """The letter as a mail program shows it."""
    _name, kind = _kind(request)
    person = _person(request)
    letter = _letter(request, kind, person)
    with translation.override(person.speaks):
        return HttpResponse(as_html(letter, request.organisation))


def _kind(request: OrganisationRequest) -> tuple[str, Kind]:
    name = request.GET.get("kind") or kinds.names()[0]
    if name not in kinds:
        raise Http404
    return name, kinds.get(name)


def _person(request: OrganisationRequest) -> Member:
    if "person" not in request.GET:
        return request.member
    members = Member.objects.filter(organisation=request.organisation).select_related("organisation")
    return get_object_or_404(members, uid=uuid_of(request.GET, "person"))


def _letter(request: OrganisationRequest, kind: Kind, person: Member) -> Letter:
    to = Recipient.of(person)
    may_stop = not kind.why_always
    choices = request.build_absolute_uri(reverse("notice_preferences", args=[request.organisation.slug]))
    with translation.override(to.language), timezone.override(to.time_zone):
        context = kind.example(request.organisation, to)
        return written(kind, context, organisation=request.organisation, to=to, choices=choices if may_stop else "")
