"""Who may look at the evidence from outside: the list of audits, a new one, its end."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core.paging import page_of
from milepost.evidence.auditing import InvalidAudit, Invitation, end_audit, invite_auditor, link_of
from milepost.evidence.forms import AuditForm
from milepost.evidence.models import Audit
from milepost.journal.models import Entry
from milepost.people.access import OrganisationRequest, requires
from milepost.people.roles import Capability

SHOWN = 100


@require_GET
@requires(Capability.SEE_EVIDENCE)
def audits(request: OrganisationRequest) -> HttpResponse:
    """Every audit, those that are open first."""
    rows = (
        Audit.objects.filter(organisation=request.organisation)
        .annotate(count=Count("actions"))
        .order_by("-ends_on", "-pk")
    )
    return render(request, "evidence/audits.html", {"page": page_of(request, rows.select_related("organisation"))})


@require_http_methods(["GET", "POST"])
@requires(Capability.MANAGE_EVIDENCE)
def new_audit(request: OrganisationRequest) -> HttpResponseBase:
    """Invite an auditor."""
    form = AuditForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        chosen = () if told["covers_all"] else tuple(told["actions"])
        names = ("name", "email", "starts_on", "ends_on", "body", "language")
        try:
            made = invite_auditor(
                organisation=request.organisation, by=request.member,
                told=Invitation(actions=chosen, **{name: told[name] for name in names}),
            )  # fmt: skip
        except InvalidAudit as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Invited. The mail with the link goes out within a minute."))
            return redirect("audit", request.organisation.slug, made.uid)
    return render(request, "evidence/new_audit.html", {"form": form}, status=400 if form.errors else 200)


@require_GET
@requires(Capability.SEE_EVIDENCE)
def audit(request: OrganisationRequest, audit: str) -> HttpResponse:
    """One audit: what it covers, and everything that the auditor opened."""
    found = _audit(request, audit)
    opened = Entry.objects.filter(organisation_id=request.organisation.pk, actor_id=str(found.uid)).order_by("-id")
    context = {
        "audit": found, "scope": found.scope.order_by("-starts_on")[:SHOWN], "entries": opened[:SHOWN],
        "link": link_of(found), "may_manage": request.member.can(Capability.MANAGE_EVIDENCE),
    }  # fmt: skip
    return render(request, "evidence/audit.html", context)


@require_POST
@requires(Capability.MANAGE_EVIDENCE)
def audit_end(request: OrganisationRequest, audit: str) -> HttpResponseBase:
    """Close the room now."""
    end_audit(audit=_audit(request, audit), by=request.member)
    messages.success(request, _("Ended. The link opens nothing any more."))
    return redirect("audit", request.organisation.slug, audit)


def _audit(request: OrganisationRequest, uid: str) -> Audit:
    rows = Audit.objects.select_related("organisation", "created_by")
    return get_object_or_404(rows, organisation=request.organisation, uid=uid)
