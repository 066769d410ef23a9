"""Pages of certificates: one's own, one of them, and those of a course."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core.http import download
from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import as_message
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.credentials import badges
from milepost.credentials.issuing import issue_missing, reissue, revoke, without_certificate
from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import address_of, pdf_of
from milepost.people.access import OrganisationRequest, requires
from milepost.people.models import plain
from milepost.people.roles import Capability


@require_GET
def my_certificates(request: OrganisationRequest) -> HttpResponse:
    """What I have earned."""
    mine = Certificate.objects.filter(enrolment__member=request.member)
    return render(request, "credentials/my_certificates.html", {"page": page_of(request, mine, size=24)})


@require_GET
def certificate(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """One certificate: its holder, and whoever sees results, may look."""
    found = _visible(request, certificate)
    context = {
        "certificate": found,
        "person": found.enrolment.member,
        "address": address_of(found),
        "may_manage": request.member.can(Capability.MANAGE_CERTIFICATES) and found.state in ("valid", "expired"),
    }
    return render(request, "credentials/certificate.html", context)


@require_GET
def pdf(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """The sealed PDF."""
    found = _visible(request, certificate)
    return download(pdf_of(found), name=f"{found.file_name}.pdf", content_type="application/pdf")


@require_GET
def badge(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """The Open Badge, baked into a picture."""
    found = _visible(request, certificate)
    return download(badges.baked_svg(found).encode(), name=f"{found.file_name}.svg", content_type="image/svg+xml")


@require_POST
@requires(Capability.MANAGE_CERTIFICATES)
def revocation(request: OrganisationRequest, certificate: str) -> HttpResponseBase:
    """Revoke it, with a reason."""
    found = _visible(request, certificate)
    with as_message(request):
        revoke(certificate=found, reason=request.POST.get("reason", ""), by=request.member)
        messages.success(request, _("Revoked. Whoever checks it reads that, and why."))
    return redirect("certificate", request.organisation.slug, found.uid)


@require_POST
@requires(Capability.MANAGE_CERTIFICATES)
def replacement(request: OrganisationRequest, certificate: str) -> HttpResponseBase:
    """Issue it anew with the name and the details of today."""
    found = _visible(request, certificate)
    with as_message(request):
        found = reissue(certificate=found, by=request.member)
        messages.success(request, _("Issued anew. The old one stays readable, and says that it was replaced."))
    return redirect("certificate", request.organisation.slug, found.uid)


@require_http_methods(["GET", "POST"])
@requires(Capability.SEE_RESULTS)
def course_certificates(request: OrganisationRequest, course: str) -> HttpResponseBase:
    """The certificates of a course, and issuing those that are missing."""
    found = get_object_or_404(Course, organisation=request.organisation, slug=course)
    if request.method == "POST":
        if not request.member.can(Capability.MANAGE_CERTIFICATES):
            raise PermissionDenied
        count = issue_missing(course=found, by=request.member)
        words = ngettext("%(count)d certificate issued.", "%(count)d certificates issued.", count)
        messages.success(request, words % {"count": count})
        return redirect("course_certificates", request.organisation.slug, found.slug)
    every = Certificate.objects.filter(enrolment__course=found)
    numbers = every.aggregate(
        issued=Count("pk"),
        ready=Count("pk", filter=~Q(pdf="")),
        current=Count("pk", filter=Q(revoked_at=None, superseded_at=None)),
    )
    text = text_of(request.GET, "q")
    rows = every.select_related("enrolment__member__site")
    for word in plain(text).split():
        rows = rows.filter(enrolment__member__searchable__contains=word)
    gives = _gives(found)
    context = {
        "course": found,
        "numbers": numbers,
        "making": numbers["issued"] - numbers["ready"],
        "missing": without_certificate(found).count() if gives else 0,
        "gives": gives,
        "page": page_of(request, rows),
        "text": text,
    }
    return render(request, "credentials/course_certificates.html", context)


def _gives(course: Course) -> bool:
    return course.published_id is not None and outline_of(course.published_id).gives_certificate


def _visible(request: OrganisationRequest, uid: str) -> Certificate:
    """The certificate, for its holder and for whoever sees results; 404 for all others."""
    seen = Certificate.objects.filter(organisation=request.organisation)
    if not request.member.can(Capability.SEE_RESULTS):
        seen = seen.filter(enrolment__member=request.member)
    return get_object_or_404(seen.select_related("organisation", "enrolment__member", "enrolment__course"), uid=uid)
