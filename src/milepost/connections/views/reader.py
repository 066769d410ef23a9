"""The paper, for whoever reads the evidence of an action."""

from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_GET

from milepost.connections.models import ConnectionRecord
from milepost.core.http import blob_download
from milepost.evidence.permissions import SEE_EVIDENCE
from milepost.people.access import OrganisationRequest, requires


@require_GET
@requires(SEE_EVIDENCE)
def connection_record(request: OrganisationRequest, action: str, person: str) -> HttpResponseBase:
    """The newest connection record of one person in the action."""
    theirs = ConnectionRecord.objects.sealed().filter(action__uid=action, member__uid=person)
    newest = theirs.filter(organisation=request.organisation).select_related("action").first()
    if newest is None:
        raise Http404
    return blob_download(request.organisation.uid, newest.pdf, name=f"{newest.file_name}.pdf")
