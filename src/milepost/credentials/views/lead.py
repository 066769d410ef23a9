"""Pages of whoever issues certificates: those of a course, revoking one, issuing one anew."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import as_message
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.credentials.issuing import begin_issuing, is_issuing, reached, reissue, without_certificate
from milepost.credentials.models import Certificate, CertificateQuerySet
from milepost.credentials.permissions import MANAGE_CERTIFICATES
from milepost.credentials.revoking import revoke
from milepost.credentials.views.learner import visible_certificate
from milepost.learning.permissions import SEE_RESULTS
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.models import plain
from milepost.people.permissions import Abilities, may


@require_http_methods(["GET", "POST"])
@requires(SEE_RESULTS)
@confirmed
def course_certificates(request: OrganisationRequest, course: str) -> HttpResponseBase:
    """The certificates of a course, and issuing those that are missing: to the people within one's scope."""
    shown = get_object_or_404(Course, organisation=request.organisation, slug=course)
    if not may(request.member, SEE_RESULTS, shown):
        raise Http404
    if request.method == "POST":
        return _issue_missing(request, shown)
    seen = reached(request.member, shown, SEE_RESULTS)
    certificates = Certificate.objects.filter(enrolment__course=shown)
    if seen is not None:
        certificates = certificates.filter(enrolment__member__in=seen)
    numbers = _numbers(certificates)
    text, gives = text_of(request.GET, "q"), _gives(shown)
    context = {
        "course": shown,
        "can": Abilities(request.member, shown),
        "numbers": numbers,
        "making": numbers["issued"] - numbers["ready"],
        "missing": without_certificate(shown, seen).count() if gives else 0,
        "issuing": gives and is_issuing(shown),
        "gives": gives,
        "page": page_of(request, _matching(certificates, text)),
        "text": text,
    }
    return render(request, "credentials/course_certificates.html", context)


def _issue_missing(request: OrganisationRequest, course: Course) -> HttpResponseBase:
    if not may(request.member, MANAGE_CERTIFICATES, course):
        raise PermissionDenied
    count = begin_issuing(course=course, by=request.member)
    if count is not None:
        words = ngettext("%(count)d certificate issued.", "%(count)d certificates issued.", count)
        messages.success(request, words % {"count": count})
    return redirect("course_certificates", request.organisation.slug, course.slug)


def _numbers(certificates: CertificateQuerySet) -> dict[str, int]:
    """How many were issued, how many have their file, how many count."""
    return certificates.aggregate(
        issued=Count("pk"),
        ready=Count("pk", filter=~Q(pdf="")),
        current=Count("pk", filter=Q(revoked_at=None, superseded_at=None)),
    )


def _matching(certificates: CertificateQuerySet, text: str) -> CertificateQuerySet:
    """Those of people who match the text, with what the list shows of them."""
    rows = certificates.select_related("enrolment__member__site")
    for word in plain(text).split():
        rows = rows.filter(enrolment__member__searchable__contains=word)
    return rows


def _gives(course: Course) -> bool:
    return course.published_id is not None and outline_of(course.published_id).gives_certificate


@require_POST
@requires(MANAGE_CERTIFICATES)
@confirmed
def revocation(request: OrganisationRequest, certificate: str) -> HttpResponseBase:
    """Revoke it, with a reason."""
    current = visible_certificate(request, certificate, MANAGE_CERTIFICATES)
    with as_message(request):
        revoke(certificate=current, reason=request.POST.get("reason", ""), by=request.member)
        messages.success(request, _("Revoked. Whoever checks it reads that, and why."))
    return redirect("certificate", request.organisation.slug, current.uid)


@require_POST
@requires(MANAGE_CERTIFICATES)
@confirmed
def replacement(request: OrganisationRequest, certificate: str) -> HttpResponseBase:
    """Issue it anew with the name and the details of today."""
    current = visible_certificate(request, certificate, MANAGE_CERTIFICATES)
    with as_message(request):
        current = reissue(certificate=current, by=request.member)
        messages.success(request, _("Issued anew. The old one stays readable, and says that it was replaced."))
    return redirect("certificate", request.organisation.slug, current.uid)
