"""A person's right to have what is known of them."""

import tempfile

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from milepost.evidence.erasing import holds_on
from milepost.evidence.export import export_person
from milepost.evidence.permissions import TAKE_DATA
from milepost.people.access import OrganisationRequest, member_required, requires
from milepost.people.confirming import confirmed
from milepost.people.permissions import visible


@require_GET
@member_required
def my_data(request: OrganisationRequest) -> HttpResponse:
    """What a person can ask for: a copy of everything, and what stands against its erasure."""
    return render(request, "evidence/my_data.html", {"holds": holds_on(request.member)})


@require_POST
@requires(TAKE_DATA)
@confirmed
def data_export(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Everything known of a person, as a zip: for themselves, and for those who answer when they ask."""
    reached = visible(request.member, TAKE_DATA).select_related("user", "organisation")
    person = get_object_or_404(reached, uid=member)
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    export_person(member=person, file=file, by=request.member)
    file.seek(0)
    name = _("data of %(name)s") % {"name": person.full_name}
    return FileResponse(file, as_attachment=True, filename=f"{name}.zip", content_type="application/zip")
