"""Pages for those who decide for the organisation: who holds which role, the settings, and work that failed."""

from collections import defaultdict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core.jobs import retry
from milepost.core.models import Job, JobQuerySet
from milepost.core.paging import page_of
from milepost.core.queries import key_of
from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.people import scopes, second_factor, settings
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed, confirmed_if
from milepost.people.forms import GrantForm, SettingsForm
from milepost.people.granting import MoreThanYouHold, grant, revoke
from milepost.people.models import Member, Organisation, RoleGrant
from milepost.people.organisation_settings import SIGNING_IN
from milepost.people.permissions import (
    MANAGE_ORGANISATION,
    MANAGE_ROLES,
    SEE_PEOPLE,
    may,
    permissions_of,
    sees_everybody,
    visible,
)
from milepost.people.queries import Held, as_held
from milepost.people.roles import DESCRIPTIONS, GIVEN, ORGANISATION, Role
from milepost.people.views.hr import person_for, person_page


@require_GET
@requires(SEE_PEOPLE)
def roles(request: OrganisationRequest) -> HttpResponse:
    """Every role, what it may do, and who of those within one's scope holds it, and where."""
    grants = RoleGrant.objects.current().filter(member__in=visible(request.member, SEE_PEOPLE).active())
    by_role: dict[Role, list[Held]] = defaultdict(list)
    for held in as_held(grants.select_related("member__organisation").order_by("member__family_name", "pk")):
        by_role[held.role].append(held)
    rows = [
        {
            "role": role,
            "description": DESCRIPTIONS[role],
            "permissions": permissions_of(role),
            "held": sorted(by_role[role], key=lambda held: (held.grant.member.family_name, held.grant.member_id)),
        }
        for role in GIVEN
    ]
    owners = [held.grant.member for held in by_role[Role.OWNER] if held.grant.scope == ORGANISATION]
    return render(request, "people/roles.html", {"rows": rows, "owners": owners})


@require_POST
@requires(MANAGE_ROLES)
@confirmed
def grants(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Give a role within a scope, or take one (`take` is what is taken)."""
    person = get_object_or_404(visible(request.member, MANAGE_ROLES).select_related("organisation"), uid=member)
    if "take" in request.POST:
        with as_message(request):
            _take(request, person)
            messages.success(request, _("Saved."))
        return redirect("person", request.organisation.slug, person.uid)
    form = GrantForm(request.POST)
    if form.is_valid():
        try:
            _give(request, person, form)
        except Refused as refused:
            add_to_form(refused, form, field="which" if isinstance(refused, scopes.NoSuchScope) else "")
        else:
            messages.success(request, _("Saved."))
            return redirect("person", request.organisation.slug, person.uid)
    if may(request.member, SEE_PEOPLE, person):
        return person_page(request, person_for(request, member), form)
    messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("person", request.organisation.slug, person.uid)


@require_POST
@requires(MANAGE_ROLES)
@confirmed
def factor_reset(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Ask that the second factor of somebody who lost it be taken away; or take that back (`keep`)."""
    person = get_object_or_404(visible(request.member, MANAGE_ROLES).select_related("organisation", "user"), uid=member)
    with as_message(request):
        if "keep" in request.POST and person.user and second_factor.may_reset(request.member, person):
            second_factor.keep(user=person.user, by=request.member)
            messages.success(request, _("Their second factor stays as it is."))
        elif "keep" not in request.POST:
            reset = second_factor.ask_reset(member=person, by=request.member)
            words = _("%(person)s was told. Their second factor goes on %(time)s, unless they use it until then.")
            messages.success(request, words % {"person": person, "time": localize(localtime(reset.due_at))})
    return redirect("person", request.organisation.slug, person.uid)


def _take(request: OrganisationRequest, member: Member) -> None:
    held = get_object_or_404(RoleGrant, member=member, pk=key_of(request.POST, "take") or 0)
    revoke(member=member, role=Role(held.role), scope=held.scope, key=held.scope_key, by=request.member)


def _give(request: OrganisationRequest, member: Member, form: GrantForm) -> None:
    scope, which = form.cleaned_data["scope"] or ORGANISATION, form.cleaned_data["which"]
    key = None if scope == ORGANISATION else _find(request, scope, which)
    role, until = Role(form.cleaned_data["role"]), form.cleaned_data["until"]
    grant(member=member, role=role, scope=scope, key=key, until=until, by=request.member)


def _find(request: OrganisationRequest, scope: str, which: str) -> int:
    """The key of what was typed. Whoever gives within a scope is not told what there is, or is not, beyond it."""
    try:
        return scopes.kinds.get(scope).find(request.organisation, which)
    except scopes.NoSuchScope as refused:
        raise refused if sees_everybody(request.member, MANAGE_ROLES) else MoreThanYouHold from refused


def _is_about_signing_in(request: HttpRequest) -> bool:
    return request.POST.get("page") == SIGNING_IN.name


@require_http_methods(["GET", "POST"])
@requires(MANAGE_ORGANISATION)
@confirmed_if(_is_about_signing_in)
def organisation_settings(request: OrganisationRequest) -> HttpResponseBase:
    """What the organisation decides, in the parts that rooms registered; one part is saved at a time."""
    asked = request.POST.get("page", "")
    forms, status = [], 200
    for page in settings.pages(request.member):
        is_asked = request.method == "POST" and page.name == asked
        form = SettingsForm(page, request.member, *((request.POST, request.FILES) if is_asked else ()))
        if is_asked and form.is_valid():
            try:
                settings.change(organisation=request.organisation, values=form.cleaned_data, by=request.member)
            except Refused as refused:
                add_to_form(refused, form)
            else:
                messages.success(request, _("Saved."))
                return redirect(reverse("organisation_settings", args=[request.organisation.slug]) + f"#{page.name}")
        status = 400 if form.errors else status
        forms.append(form)
    return render(request, "people/settings.html", {"forms": forms}, status=status)


# --- What the background gave up, or goes on failing at ---------------------------------------------------


@require_GET
@requires(MANAGE_ORGANISATION)
def failed_jobs(request: OrganisationRequest) -> HttpResponse:
    """What failed, the newest first, with its reason in words."""
    return render(request, "people/failed_jobs.html", {"page": page_of(request, _failing(request.organisation))})


@require_POST
@requires(MANAGE_ORGANISATION)
def retried_jobs(request: OrganisationRequest) -> HttpResponseBase:
    """Try all of it again, or the one that `job` names."""
    chosen = _failing(request.organisation)
    if "job" in request.POST:
        chosen = chosen.filter(pk=key_of(request.POST, "job") or 0)
    if retry(chosen):
        messages.success(request, _("It is tried again now."))
    else:
        messages.info(request, _("Nothing was left to try again."))
    return redirect("failed_jobs", request.organisation.slug)


def _failing(organisation: Organisation) -> JobQuerySet:
    return Job.objects.failing().filter(organisation_id=organisation.pk)
