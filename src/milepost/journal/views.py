"""What the rooms above answer with when somebody asks for a proof."""

import json

from django.http import HttpResponse

from milepost.core.http import download
from milepost.journal.models import Entry
from milepost.journal.proofs import NotSealedYet, inclusion_proof


def proof_response(entry: Entry | None, *, name: str) -> HttpResponse:
    """The proof that the entry is in the sealed journal, as a JSON file. Raises `NotSealedYet`."""
    if entry is None:
        raise NotSealedYet
    content = json.dumps(inclusion_proof(entry), ensure_ascii=False, indent=2).encode()
    return download(content, name=name, content_type="application/json")
