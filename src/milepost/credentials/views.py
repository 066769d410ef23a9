"""Pages of certificates: one's own, one of them, and those of a course."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, HttpResponseBase
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
from milepost.credentials.issuing import awaited, issue_missing, reissue, revoke, without_certificate
from milepost.credentials.models import Certificate
from milepost.credentials.permissions import MANAGE_CERTIFICATES, SEE_CERTIFICATES
from milepost.credentials.typesetting import address_of, pdf_of
from milepost.learning.permissions import SEE_RESULTS
from milepost.people.access import OrganisationRequest, requires
from milepost.people.models import MemberQuerySet, plain
from milepost.people.permissions import Abilities, Permission, may, sees_everybody, visible


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
    found = _visible(request, certificate)
    context = {
        "certificate": found,
        "person": found.enrolment.member,
        "address": address_of(found),
        "may_manage": may(request.member, MANAGE_CERTIFICATES, found.enrolment) and found.state in ("valid", "expired"),
    }
    return render(request, "credentials/certificate.html", context)


@require_GET
@requires(SEE_CERTIFICATES)
def pdf(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """The sealed PDF."""
    found = _visible(request, certificate)
    return download(pdf_of(found), name=f"{found.file_name}.pdf", content_type="application/pdf")


@require_GET
@requires(SEE_CERTIFICATES)
def badge(request: OrganisationRequest, certificate: str) -> HttpResponse:
    """The Open Badge, baked into a picture."""
    found = _visible(request, certificate)
    return download(badges.baked_svg(found).encode(), name=f"{found.file_name}.svg", content_type="image/svg+xml")


@require_POST
@requires(MANAGE_CERTIFICATES)
def revocation(request: OrganisationRequest, certificate: str) -> HttpResponseBase:
    """Revoke it, with a reason."""
    found = _visible(request, certificate, MANAGE_CERTIFICATES)
    with as_message(request):
        revoke(certificate=found, reason=request.POST.get("reason", ""), by=request.member)
        messages.success(request, _("Revoked. Whoever checks it reads that, and why."))
    return redirect("certificate", request.organisation.slug, found.uid)


@require_POST
@requires(MANAGE_CERTIFICATES)
def replacement(request: OrganisationRequest, certificate: str) -> HttpResponseBase:
    """Issue it anew with the name and the details of today."""
    found = _visible(request, certificate, MANAGE_CERTIFICATES)
    with as_message(request):
        found = reissue(certificate=found, by=request.member)
        messages.success(request, _("Issued anew. The old one stays readable, and says that it was replaced."))
    return redirect("certificate", request.organisation.slug, found.uid)


@require_http_methods(["GET", "POST"])
@requires(SEE_RESULTS)
def course_certificates(request: OrganisationRequest, course: str) -> HttpResponseBase:
    """The certificates of a course, and issuing those that are missing: to the people within one's scope."""
    found = get_object_or_404(Course, organisation=request.organisation, slug=course)
    if not may(request.member, SEE_RESULTS, found):
        raise Http404
    if request.method == "POST":
        if not may(request.member, MANAGE_CERTIFICATES, found):
            raise PermissionDenied
        reached = _reached(request, MANAGE_CERTIFICATES, found)
        count = issue_missing(course=found, by=request.member, members=reached)
        words = ngettext("%(count)d certificate issued.", "%(count)d certificates issued.", count)
        messages.success(request, words % {"count": count})
        return redirect("course_certificates", request.organisation.slug, found.slug)
    reached = _reached(request, SEE_RESULTS, found)
    every = Certificate.objects.filter(enrolment__course=found)
    if reached is not None:
        every = every.filter(enrolment__member__in=reached)
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
        "can": Abilities(request.member, found),
        "numbers": numbers,
        "making": numbers["issued"] - numbers["ready"],
        "missing": without_certificate(found, reached).count() if gives else 0,
        "gives": gives,
        "page": page_of(request, rows),
        "text": text,
    }
    return render(request, "credentials/course_certificates.html", context)


def _reached(request: OrganisationRequest, permission: Permission, course: Course) -> MemberQuerySet | None:
    """The people within one's scope; None for everybody, which costs nothing to say."""
    return None if sees_everybody(request.member, permission) else visible(request.member, permission, course)


def _gives(course: Course) -> bool:
    return course.published_id is not None and outline_of(course.published_id).gives_certificate


def _visible(request: OrganisationRequest, uid: str, permission: Permission = SEE_CERTIFICATES) -> Certificate:
    """The certificate, for its holder and for whoever may do this to it; 404 for all others."""
    rows = Certificate.objects.filter(organisation=request.organisation)
    found = get_object_or_404(rows.select_related("organisation", "enrolment__member", "enrolment__course"), uid=uid)
    if not may(request.member, permission, found.enrolment):
        raise Http404
    return found
