"""The journal's explorer: the history of a person or an action, each fact with its proof one tap away."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from milepost.core.queries import text_of
from milepost.evidence.exploring import history, matches, shown
from milepost.evidence.permissions import SEE_EVIDENCE
from milepost.journal.models import Entry
from milepost.journal.views import proof_response
from milepost.people.access import OrganisationRequest, requires


@require_GET
@requires(SEE_EVIDENCE)
def journal(request: OrganisationRequest) -> HttpResponse:
    """What happened, newest first; `?about=` one person or action, `?q=` finds whom one means."""
    text = text_of(request.GET, "q")
    people, actions = matches(request.organisation, text)
    context = {
        "history": history(request.organisation, request.GET),
        "text": text,
        "people": people,
        "actions": actions,
        "prefix": reverse("journal", args=[request.organisation.slug]),
    }
    return render(request, "evidence/journal.html", context)


@require_GET
@requires(SEE_EVIDENCE)
def entry(request: OrganisationRequest, entry: int) -> HttpResponse:
    """One fact: what it says, and the proof that it stands in the sealed journal."""
    fact = get_object_or_404(Entry, organisation_id=request.organisation.pk, pk=entry)
    context = {"shown": shown(fact), "proof": reverse("entry_proof", args=[request.organisation.slug, fact.pk])}
    return render(request, "evidence/entry.html", context)


@require_GET
@requires(SEE_EVIDENCE)
def entry_proof(request: OrganisationRequest, entry: int) -> HttpResponse:
    """The proof as a file."""
    fact = get_object_or_404(Entry, organisation_id=request.organisation.pk, pk=entry)
    return proof_response(fact, name=fact.proof_name)
