"""Pages for everybody: one's own receipt, and bringing that of another organisation."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from milepost.core.refusals import as_message
from milepost.core.sent_files import sent_file
from milepost.people.access import OrganisationRequest, member_required
from milepost.people.confirming import confirmed
from milepost.receipts.bringing import bring
from milepost.receipts.files import as_download
from milepost.receipts.making import learnt_by
from milepost.receipts.models import Receipt
from milepost.receipts.reading import MAX_RECEIPT


@require_http_methods(["GET", "POST"])
@member_required
@confirmed
def my_receipt(request: OrganisationRequest) -> HttpResponseBase:
    """What one learnt, to take along: all of it, or the courses and sessions that one chooses."""
    if request.method == "POST":
        return as_download(request.member, by=request.member, things=request.POST.getlist("thing"))
    receipts = Receipt.objects.told().filter(member=request.member)
    return render(request, "receipts/my_receipt.html", {"learnt": learnt_by(request.member), "receipts": receipts})


@require_POST
@member_required
def brought(request: OrganisationRequest) -> HttpResponse:
    """Bring a receipt of another organisation."""
    with as_message(request):
        file = sent_file(request.FILES.get("file"), most=MAX_RECEIPT, advice=_("Take one of fewer courses."))
        bring(member=request.member, content=file.read(), by=request.member)
        messages.success(request, _("Brought. Those who keep the people’s records decide what counts here."))
    return redirect("my_receipt", request.organisation.slug)
