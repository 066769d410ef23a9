"""Pages of whoever attests for the organisation."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.attestations import attesting
from milepost.attestations.attesting import Wish, attest
from milepost.attestations.forms import AttestationForm
from milepost.attestations.models import Attestation
from milepost.attestations.permissions import ATTEST
from milepost.attestations.revoking import revoke
from milepost.attestations.typesetting import sentence, share
from milepost.core import once
from milepost.core.http import blob_download
from milepost.core.paging import page_of
from milepost.core.queries import text_of, uuid_of
from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.evidence.permissions import SEE_EVIDENCE
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed, confirmed_if
from milepost.people.permissions import may


@require_GET
@requires(SEE_EVIDENCE)
def attestations(request: OrganisationRequest) -> HttpResponse:
    """Every attestation, the newest first."""
    page = page_of(request, Attestation.objects.filter(organisation=request.organisation))
    rows = [(row, share(row.content) if row.content else "") for row in page]
    return render(request, "attestations/attestations.html", {"page": page, "rows": rows})


def _is_filled_in(request: Any) -> bool:
    """What is to be mended is said first: nobody gives a password for a form that is refused."""
    return AttestationForm(request.organisation, request.POST).is_valid()


@require_http_methods(["GET", "POST"])
@requires(ATTEST)
@confirmed_if(_is_filled_in)
def new_attestation(request: OrganisationRequest) -> HttpResponseBase:
    """Say what is to be attested; one that is replaced is named in the address, and fills the form in."""
    earlier = _earlier(request)
    form = AttestationForm(request.organisation, request.POST or None, _known(earlier) if earlier else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        names = ("day", "whom", "site", "department", "language")
        wish = Wish(courses=tuple(given["courses"]), replaces=earlier, **{name: given[name] for name in names})
        try:
            made = attest(
                organisation=request.organisation, wish=wish, by=request.member, key=once.key_of(request.POST)
            )
        except Refused as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("It is being counted and sealed; it appears here."))
            return redirect("attestation", request.organisation.slug, made.uid)
    context = {"form": form, "earlier": earlier}
    return render(request, "attestations/new.html", context, status=400 if form.errors else 200)


def _earlier(request: OrganisationRequest) -> Attestation | None:
    uid = uuid_of(request.GET, "replaces")
    return get_object_or_404(Attestation, organisation=request.organisation, uid=uid) if uid else None


def _known(earlier: Attestation) -> dict[str, Any]:
    names = ("day", "whom", "site", "department", "language")
    courses = [course.pk for course in earlier.courses.all()]
    return {name: getattr(earlier, name) for name in names} | {"courses": courses}


@require_GET
@requires(SEE_EVIDENCE)
def attestation(request: OrganisationRequest, attestation: str) -> HttpResponse:
    """One attestation: what it says, its files, what became of it."""
    row = _attestation(request, attestation)
    context = {
        "attestation": row,
        "sentence": sentence(row.content) if row.content else "",
        "sites": [(site, share(site)) for site in row.content["sites"]] if row.content else [],
        "replaced_by": Attestation.objects.filter(replaces=row).first(),
        "may_attest": may(request.member, ATTEST),
    }
    return render(request, "attestations/attestation.html", context)


@require_GET
@requires(SEE_EVIDENCE)
def attestation_pdf(request: OrganisationRequest, attestation: str) -> HttpResponseBase:
    """The sealed page, which names nobody."""
    row = _attestation(request, attestation)
    if not row.pdf:
        raise Http404
    return blob_download(request.organisation.uid, row.pdf, name=f"{row.file_name}.pdf")


@require_http_methods(["GET", "POST"])  # the page that asks who it is posts to its own address
@requires(ATTEST)
@confirmed_if(reading=True)
def attestation_annex(request: OrganisationRequest, attestation: str) -> HttpResponseBase:
    """The list, which names everybody."""
    row = _attestation(request, attestation)
    digest = attesting.take_along(attestation=row, form="annex", by=request.member)
    return blob_download(request.organisation.uid, digest, name=f"{row.file_name}-annex.csv")


@require_POST
@requires(ATTEST)
@confirmed
def attestation_revocation(request: OrganisationRequest, attestation: str) -> HttpResponseBase:
    """Say that it counts no more."""
    row = _attestation(request, attestation)
    with as_message(request):
        revoke(attestation=row, by=request.member, reason=text_of(request.POST, "reason", limit=300))
        messages.success(request, _("Revoked."))
    return redirect("attestation", request.organisation.slug, row.uid)


def _attestation(request: OrganisationRequest, uid: str) -> Attestation:
    rows = Attestation.objects.select_related("organisation", "asked_by", "replaces")
    return get_object_or_404(rows, organisation=request.organisation, uid=uid)
