"""Pages of whoever holds certificates: all of one's own, and one of them, which whoever sees results may open too."""

import json

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from milepost.core.http import download
from milepost.core.paging import page_of
from milepost.credentials import badges
from milepost.credentials.issuing import awaited
from milepost.credentials.models import Certificate
from milepost.credentials.permissions import MANAGE_CERTIFICATES, SEE_CERTIFICATES
from milepost.credentials.typesetting import address_of, pdf_of
from milepost.people.access import OrganisationRequest, requires
from milepost.people.permissions import Permission, may


@require_GET
@requires(SEE_CERTIFICATES)
def my_certificates(request: OrganisationRequest) -> HttpResponse:
    """What I have earned."""
    mine = Certificate.objects.filter(enrolment__member=request.member)
    context = {"page": page_of(request, mine, size=24), "awaited": awaited(request.member)}
    return render(request, "credentials/my_certificates.html", context)


@require_GET
@requires(SEE_CERTIFICATES)
def certificate(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """One certificate: its holder, and whoever sees results, may look."""
    shown = visible_certificate(request, certificate)
    counts = shown.state in ("valid", "expired")
    context = {
        "certificate": shown,
        "person": shown.enrolment.member,
        "address": address_of(shown),
        "may_manage": counts and may(request.member, MANAGE_CERTIFICATES, shown.enrolment),
    }
    return render(request, "credentials/certificate.html", context)


@require_GET
@requires(SEE_CERTIFICATES)
def pdf(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """The sealed PDF."""
    shown = visible_certificate(request, certificate)
    return download(pdf_of(shown), name=f"{shown.file_name}.pdf", content_type="application/pdf")


@require_GET
@requires(SEE_CERTIFICATES)
def badge(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """The Open Badge, baked into a picture."""
    shown = visible_certificate(request, certificate)
    return download(badges.baked_svg(shown).encode(), name=f"{shown.file_name}.svg", content_type="image/svg+xml")


@require_GET
@requires(SEE_CERTIFICATES)
def badge_json(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """The Open Badge as JSON with its proof in it, for wallets that take that."""
    shown = visible_certificate(request, certificate)
    content = json.dumps(badges.document(shown), ensure_ascii=False, indent=2).encode()
    return download(content, name=f"{shown.file_name}.json", content_type="application/json")


def visible_certificate(
    request: OrganisationRequest, uid: str, permission: Permission = SEE_CERTIFICATES
) -> Certificate:
    """The certificate, for its holder and for whoever may do this to it; `Http404` for all others."""
    rows = Certificate.objects.filter(organisation=request.organisation)
    rows = rows.select_related("organisation", "enrolment__member", "enrolment__course", "status_list")
    certificate = get_object_or_404(rows, uid=uid)
    if not may(request.member, permission, certificate.enrolment):
        raise Http404
    return certificate
