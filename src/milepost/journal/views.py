"""What the rooms above answer with when somebody asks for a proof."""

import json

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from milepost.core.http import download
from milepost.journal.models import Entry
from milepost.journal.proofs import NotSealedYet, inclusion_proof


def proof_response(entry: Entry | None, *, name: str) -> HttpResponse:
    """The proof that the entry is in the sealed journal, as a JSON file; 503 while it waits for its seal."""
    try:
        if entry is None:
            raise NotSealedYet
        told = inclusion_proof(entry)
    except NotSealedYet:
        waiting = {"detail": _("The journal is sealed within a minute. Ask again then.")}
        return JsonResponse(waiting, status=503, headers={"Retry-After": "60"})
    content = json.dumps(told, ensure_ascii=False, indent=2).encode()
    return download(content, name=name, content_type="application/json")
