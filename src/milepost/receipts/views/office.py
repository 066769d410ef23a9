"""Pages of those who keep the people's records: receipts that were brought, and what of them counts here."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import as_message
from milepost.courses.models import Course
from milepost.evidence.permissions import TAKE_DATA
from milepost.learning.equivalences import take_back
from milepost.learning.models import Equivalence
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.permissions import visible
from milepost.receipts import bringing
from milepost.receipts.files import as_download
from milepost.receipts.models import Receipt
from milepost.receipts.permissions import RECOGNISE_LEARNING


@require_POST
@requires(TAKE_DATA)
@confirmed
def receipt_of(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """A person's receipt, to hand out to them: to somebody whose address ended, say."""
    reached = visible(request.member, TAKE_DATA).select_related("organisation")
    return as_download(get_object_or_404(reached, uid=member), by=request.member, things=())


@require_GET
@requires(RECOGNISE_LEARNING)
def receipts(request: OrganisationRequest) -> HttpResponse:
    """Receipts that people within one's scope brought, the newest first."""
    rows = (
        Receipt.objects.told().filter(member__in=visible(request.member, RECOGNISE_LEARNING)).select_related("member")
    )
    return render(request, "receipts/receipts.html", {"page": page_of(request, rows)})


@require_GET
@requires(RECOGNISE_LEARNING)
def receipt(request: OrganisationRequest, receipt: str) -> HttpResponse:
    """One of them in plain words: of whom it is, whether its key was checked, and what it tells."""
    shown = _receipt(request, receipt)
    recognised = Equivalence.objects.filter(member=shown.member, receipt_sha256=shown.digest)
    courses = Course.objects.filter(organisation=request.organisation).exclude(published=None).order_by("title")
    context = {
        "receipt": shown,
        "host": bringing.host_of(shown),
        "equivalences": recognised.select_related("course", "decided_by"),
        "courses": courses,
        "others": bringing.others_with(shown).filter(member__in=visible(request.member, RECOGNISE_LEARNING)),
        "is_own": shown.member_id == request.member.pk,
    }
    return render(request, "receipts/receipt.html", context)


@require_POST
@requires(RECOGNISE_LEARNING)
def receipt_key(request: OrganisationRequest, receipt: str) -> HttpResponse:
    """Hold its key against a fingerprint that was typed, or ask the address that it names."""
    shown = _receipt(request, receipt)
    with as_message(request):
        if text := text_of(request.POST, "fingerprint"):
            bringing.compare(receipt=shown, fingerprint=text, by=request.member)
        else:
            bringing.ask_issuer(receipt=shown, by=request.member)
        messages.success(request, _("The key is the one that is published."))
    return redirect("receipt", request.organisation.slug, shown.uid)


@require_POST
@requires(RECOGNISE_LEARNING)
def equivalences(request: OrganisationRequest, receipt: str) -> HttpResponse:
    """Recognise one of the completions as equivalent to a course here."""
    shown = _receipt(request, receipt)
    course = get_object_or_404(Course, organisation=request.organisation, slug=text_of(request.POST, "course"))
    with as_message(request):
        bringing.accept(
            receipt=shown,
            course_uid=text_of(request.POST, "there"),
            course=course,
            reason=text_of(request.POST, "reason"),
            by=request.member,
        )
        messages.success(request, _("Recognised. It stands on the person’s page, with your name and the reason."))
    return redirect("receipt", request.organisation.slug, shown.uid)


@require_POST
@requires(RECOGNISE_LEARNING)
def refusal(request: OrganisationRequest, receipt: str) -> HttpResponse:
    """Refuse all of it, with a reason."""
    shown = _receipt(request, receipt)
    with as_message(request):
        bringing.refuse(receipt=shown, reason=text_of(request.POST, "reason"), by=request.member)
        messages.success(request, _("Refused. The person reads why."))
    return redirect("receipt", request.organisation.slug, shown.uid)


@require_POST
@requires(RECOGNISE_LEARNING)
def equivalence_end(request: OrganisationRequest, equivalence: str) -> HttpResponse:
    """Take back that something counts as equivalent."""
    rows: Any = Equivalence.objects.filter(member__in=visible(request.member, RECOGNISE_LEARNING))
    ended = get_object_or_404(rows.select_related("organisation", "member", "course"), uid=equivalence)
    with as_message(request):
        take_back(equivalence=ended, reason=text_of(request.POST, "reason"), by=request.member)
        messages.success(request, _("Taken back."))
    return redirect("person", request.organisation.slug, ended.member.uid)


def _receipt(request: OrganisationRequest, uid: str) -> Receipt:
    rows = Receipt.objects.filter(member__in=visible(request.member, RECOGNISE_LEARNING))
    return get_object_or_404(rows.select_related("member", "organisation", "refused_by"), uid=uid)
