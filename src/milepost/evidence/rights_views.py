"""A person's rights: their data as a file, the erasure of it, and the actions whose time is over."""

import logging
import tempfile

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import clock
from milepost.evidence import retention, rights
from milepost.evidence.models import TrainingAction
from milepost.people.access import OrganisationRequest, requires
from milepost.people.models import Member
from milepost.people.roles import Capability

logger = logging.getLogger(__name__)


@require_GET
def my_data(request: OrganisationRequest) -> HttpResponse:
    """What a person can ask for: a copy of everything, and what stands against its erasure."""
    return render(request, "evidence/my_data.html", {"holds": rights.holds_on(request.member)})


@require_POST
def data_export(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """Everything known of a person, as a zip: for themselves, and for those who answer when they ask."""
    person = get_object_or_404(
        Member.objects.select_related("user", "organisation"), organisation=request.organisation, uid=member
    )
    if person != request.member and not request.member.can(Capability.MANAGE_PEOPLE):
        raise PermissionDenied
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    rights.export_person(member=person, file=file, by=request.member)
    file.seek(0)
    name = _("data of %(name)s") % {"name": person.full_name}
    return FileResponse(file, as_attachment=True, filename=f"{name}.zip", content_type="application/zip")


@require_http_methods(["GET", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def erasure(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """What would go and what stands against it; then, typed in full, the erasure."""
    person = get_object_or_404(
        Member.objects.select_related("user", "organisation"), organisation=request.organisation, uid=member
    )
    holds, problem = rights.holds_on(person), ""
    if request.method == "POST" and not holds:
        if " ".join(request.POST.get("name", "").split()).casefold() != person.full_name.casefold():
            problem = _("Type the name as it stands above. Nothing was erased.")
        else:
            return _erase(request, person)
    counts = [(rights.NAMES.get(label, label), rows.count()) for label, rows in rights.rows_of(person).items()]
    context = {"person": person, "holds": holds, "problem": problem, "counts": [pair for pair in counts if pair[1]]}
    return render(request, "evidence/erasure.html", context, status=400 if problem else 200)


def _erase(request: OrganisationRequest, person: Member) -> HttpResponseBase:
    is_self = person == request.member
    notice = rights.notice_of_erasure(member=person, by=request.member)
    try:
        rights.erase_person(member=person, by=request.member)
    except rights.ErasureRefused as error:
        messages.error(request, str(error))
        return redirect("erasure", request.organisation.slug, person.uid)
    messages.success(request, _("Erased. Every proof of anybody else still holds."))
    _tell(request, notice)
    if is_self:
        logout(request)
        return redirect("home")
    return redirect("people", request.organisation.slug)


def _tell(request: OrganisationRequest, notice: EmailMessage | None) -> None:
    """Send the notice now: a queue would keep the address that was just erased."""
    if notice is None:
        messages.warning(request, _("They had no e-mail address. Tell them yourself that it is done."))
        return
    try:
        notice.send()
    except OSError:
        logger.exception("The notice of an erasure was not sent.")
        messages.warning(request, _("The mail that tells them could not be sent. Tell them yourself that it is done."))


# --- Retention --------------------------------------------------------------------------------------------


@require_GET
@requires(Capability.SEE_EVIDENCE)
def retention_page(request: OrganisationRequest) -> HttpResponse:
    """What is kept until when; what can go now, counted."""
    today = clock.today(request.organisation.time_zone)
    table = retention.timetable(request.organisation)
    due = [action for day, action in table if day < today]
    context = {
        "due": [retention.preview(action) for action in due[:20]], "more": max(0, len(due) - 20),
        "later": [(day, action) for day, action in table if day >= today][:100],
        "may_manage": request.member.can(Capability.MANAGE_EVIDENCE),
    }  # fmt: skip
    return render(request, "evidence/retention.html", context)


@require_POST
@requires(Capability.MANAGE_EVIDENCE)
def letting_go(request: OrganisationRequest, action: str) -> HttpResponseBase:
    """Let an action go whose time is over."""
    found = get_object_or_404(
        TrainingAction.objects.select_related("organisation"), organisation=request.organisation, uid=action
    )
    try:
        retention.ask_to_let_go(action=found, by=request.member)
    except retention.StillKept as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is being taken away. Within a minute nothing of it is left but its line."))
    return redirect("retention", request.organisation.slug)
