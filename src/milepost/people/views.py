"""Pages of people: the list, a person, roles, the HR file, invitations, the organisation's look."""

from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib import messages
from django.db import transaction
from django.db.models import FETCH_PEERS, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import blobs, clock
from milepost.core.canonical import fingerprint
from milepost.core.paging import page_of
from milepost.core.queries import uuid_of
from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.core.tables import read_table
from milepost.journal.queries import timeline
from milepost.people.access import OrganisationRequest, requires
from milepost.people.colours import lighten_until_readable
from milepost.people.context import Brand
from milepost.people.filters import PeopleFilter
from milepost.people.forms import BrandForm, UploadPeopleForm
from milepost.people.granting import grant, revoke
from milepost.people.headings import FIELDS, guess_mapping
from milepost.people.import_plan import SHOWN_PROBLEMS, Plan, plan_import
from milepost.people.importing import apply_import
from milepost.people.inviting import accept, invite, invited
from milepost.people.models import Member, Organisation, PeopleImport, RoleGrant
from milepost.people.organisations import set_brand
from milepost.people.roles import DESCRIPTIONS, Capability, Role
from milepost.people.sections import sections_of

SHOWN_CHANGES = 20


def entrance(request: HttpRequest) -> HttpResponseBase:
    """The front door: straight to one's organisation, or a choice when there are several."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    memberships = list(Member.objects.active().filter(user=request.user).select_related("organisation"))
    if len(memberships) == 1:
        return redirect(memberships[0].organisation.home)
    return render(request, "people/entrance.html", {"memberships": memberships})


@require_GET
@requires(Capability.SEE_PEOPLE)
def people(request: OrganisationRequest) -> HttpResponse:
    """Everybody, found by name, site, department, seniority and role."""
    chosen = PeopleFilter(request.organisation, request.GET)
    members = chosen.members().select_related("site", "department").with_roles()
    context = {
        "chosen": chosen,
        "page": page_of(request, members),
        "total": Member.objects.filter(organisation=request.organisation).active().count(),
    }
    return render(request, "people/people.html", context)


def _person(request: OrganisationRequest, member: str) -> Member:
    members = Member.objects.filter(organisation=request.organisation).with_roles()
    return get_object_or_404(members.select_related("site", "department", "manager", "user"), uid=member)


@require_GET
@requires(Capability.SEE_PEOPLE)
def person(request: OrganisationRequest, member: str) -> HttpResponse:
    """One person: who they are, what they do, their roles, and what happened."""
    found = _person(request, member)
    context = {
        "person": found,
        "sections": sections_of(found),
        "team": Member.objects.active().filter(manager=found).order_by("family_name", "given_name")[:12],
        "team_size": Member.objects.active().filter(manager=found).count(),
        "entries": timeline(request.organisation.pk, str(found.uid))[:12],
        "roles": [(role, DESCRIPTIONS[role], role in found.roles) for role in Role],
    }
    return render(request, "people/person.html", context)


@require_GET
@requires(Capability.SEE_PEOPLE)
def history(request: OrganisationRequest, member: str) -> HttpResponse:
    """Everything in the journal about one person."""
    found = _person(request, member)
    page = page_of(request, timeline(request.organisation.pk, str(found.uid)))
    return render(request, "people/history.html", {"person": found, "page": page})


@require_GET
@requires(Capability.SEE_PEOPLE)
def roles(request: OrganisationRequest) -> HttpResponse:
    """Every role, what it may do, and who holds it."""
    held: dict[str, list[Member]] = {}
    grants = RoleGrant.objects.filter(member__organisation=request.organisation).select_related("member__site")
    for found in grants.fetch_mode(FETCH_PEERS).order_by("member__family_name", "member__given_name"):
        if not found.member.has_left:
            held.setdefault(found.role, []).append(found.member)
    rows = [{"role": role, "description": DESCRIPTIONS[role], "members": held.get(role, [])} for role in Role]
    return render(request, "people/roles.html", {"rows": rows, "owners": held.get(Role.OWNER, [])})


@require_POST
@requires(Capability.MANAGE_ROLES)
def role(request: OrganisationRequest, member: str, role: str) -> HttpResponseBase:
    """Give a role (`held=1`) or take it."""
    found = _person(request, member)
    if role not in Role.values:
        raise Http404
    with as_message(request):
        if request.POST.get("held") == "1":
            grant(member=found, role=Role(role), by=request.member)
        else:
            revoke(member=found, role=Role(role), by=request.member)
        messages.success(request, _("Saved."))
    return redirect("person", request.organisation.slug, found.uid)


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def invitations(request: OrganisationRequest) -> HttpResponseBase:
    """Invite one person, or everybody whom the filters show and who has not joined."""
    if "member" in request.POST:
        uid = uuid_of(request.POST, "member")
        members = [get_object_or_404(Member, organisation=request.organisation, uid=uid)]
    else:
        members = list(PeopleFilter(request.organisation, request.POST).members().filter(user=None).exclude(email=None))
    count = invite(members=members, by=request.member)
    told = ngettext(
        "An invitation is on its way to %(count)d person.", "Invitations are on their way to %(count)d people.", count
    )
    messages.success(
        request,
        told % {"count": count} if count else _("Nobody to invite: they have joined already, or have no address."),
    )
    if "member" in request.POST:
        return redirect("person", request.organisation.slug, members[0].uid)
    return redirect("people", request.organisation.slug)


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


# --- The HR file ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def new_import(request: OrganisationRequest) -> HttpResponseBase:
    """Upload an HR file; nothing is imported yet."""
    form = UploadPeopleForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        content = file.read()
        try:
            table = read_table(content, name=file.name)
        except Refused as refused:
            add_to_form(refused, form, field="file")
        else:
            _forget_unfinished(request)
            draft = PeopleImport.objects.create(
                organisation=request.organisation, uploaded_by=request.member, file_name=file.name[:200], content=content,
                mapping=guess_mapping(table.header),
            )  # fmt: skip
            return redirect("people_import", request.organisation.slug, draft.uid)
    return render(request, "people/new_import.html", {"form": form, "fields": FIELDS})


@require_http_methods(["GET", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def people_import(request: OrganisationRequest, draft: str) -> HttpResponseBase:
    """See what an import would do, correct the columns, and do it."""
    found = get_object_or_404(PeopleImport, organisation=request.organisation, uid=draft, applied_at=None)
    table = read_table(bytes(found.content))
    if request.method == "POST":
        found.mapping = _mapping(request, len(table.header))
        found.is_complete = "is_complete" in request.POST
        found.save(update_fields=["mapping", "is_complete"])
    plan = plan_import(
        organisation=request.organisation, table=table, mapping=found.mapping, is_complete=found.is_complete
    )
    if request.method == "POST" and "apply" in request.POST and plan.is_possible:
        with transaction.atomic():
            counts = apply_import(
                plan=plan, by=request.member, source=found.file_name, fingerprint=fingerprint(bytes(found.content))
            )
            found.content, found.applied_at = b"", clock.now()
            found.save(update_fields=["content", "applied_at"])
        told = _("Done: %(new)d new, %(changed)d changed, %(gone)d left, %(unchanged)d as they were.")
        messages.success(request, told % counts)
        return redirect("people", request.organisation.slug)
    return render(request, "people/import.html", _import_context(found, plan))


def _forget_unfinished(request: OrganisationRequest) -> None:
    """An HR file that nobody imported does not stay: one's own at once, others after a day."""
    unfinished = PeopleImport.objects.filter(organisation=request.organisation, applied_at=None)
    yesterday = clock.now() - timedelta(days=1)
    unfinished.filter(Q(uploaded_by=request.member) | Q(uploaded_at__lt=yesterday)).delete()


def _mapping(request: OrganisationRequest, width: int) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for index in range(width):
        name = request.POST.get(f"column-{index}", "")
        if name and name not in chosen and any(field.name == name for field in FIELDS):
            chosen[name] = index
    return chosen


def _import_context(draft: PeopleImport, plan: Plan) -> dict[str, Any]:
    by_index = {index: name for name, index in plan.mapping.items()}
    columns = [
        {"index": index, "heading": heading, "field": by_index.get(index, ""), "sample": _sample(plan, index)}
        for index, heading in enumerate(plan.table.header)
    ]
    labels = {field.name: field.label for field in FIELDS}
    return {
        "draft": draft,
        "plan": plan,
        "columns": columns,
        "fields": FIELDS,
        "problems": plan.problems[:SHOWN_PROBLEMS],
        "new": plan.new[:SHOWN_CHANGES],
        "changed": [
            {"change": change, "fields": [labels[name] for name in change.fields]}
            for change in plan.changed[:SHOWN_CHANGES]
        ],
        "gone": plan.gone[:SHOWN_CHANGES],
        "total": len(plan.table.rows),
    }


def _sample(plan: Plan, index: int) -> str:
    return next((row[index] for row in plan.table.rows[:50] if row[index]), "")


# --- The organisation -------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(Capability.MANAGE_ORGANISATION)
def organisation_settings(request: OrganisationRequest) -> HttpResponseBase:
    """Name, language, time zone, colour, corners and logo."""
    organisation = request.organisation
    initial = {"brand_colour": organisation.brand_colour, "corner_radius": organisation.corner_radius}
    form = BrandForm(request.POST or None, request.FILES or None, instance=organisation, initial=initial)
    if request.method == "POST" and form.is_valid():
        logo = form.cleaned_data["logo_file"]
        try:
            with transaction.atomic():
                form.save()
                set_brand(
                    organisation=organisation, colour=form.cleaned_data["brand_colour"],
                    radius=form.cleaned_data["corner_radius"], logo=logo.read() if logo else None, by=request.member,
                )  # fmt: skip
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("organisation_settings", organisation.slug)
    return render(request, "people/settings.html", {"form": form})


def brand(request: HttpRequest, slug: str, mark: str) -> HttpResponse:
    """The organisation's colours as a style sheet; `mark` changes with them, so browsers may keep it for ever."""
    organisation = get_object_or_404(Organisation, slug=slug)
    if mark != organisation.brand_mark:
        raise Http404
    context = {
        "colour": organisation.brand_colour,
        "dark_colour": lighten_until_readable(organisation.brand_colour, on="#1c2223"),
        "radius": organisation.corner_radius,
    }
    response = render(request, "people/brand.css", context, content_type="text/css")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def logo(request: HttpRequest, slug: str, mark: str) -> HttpResponse:
    """The organisation's logo; shown on its sign-in pages too, so anyone may see it."""
    organisation = get_object_or_404(Organisation, slug=slug)
    if not organisation.logo or mark != organisation.brand_mark:
        raise Http404
    response = HttpResponse(blobs.read(organisation.uid, organisation.logo), content_type=organisation.logo_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
