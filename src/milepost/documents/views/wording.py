"""Pages of whoever gives an organisation's documents their words: one kind in one language, and how it would look."""

from dataclasses import dataclass, field

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core.http import download
from milepost.core.refusals import Refused
from milepost.documents.composing import example_values, preview
from milepost.documents.kinds import KINDS, VALUES, DocumentKind
from milepost.documents.models import Wording
from milepost.documents.permissions import MANAGE_DOCUMENTS
from milepost.documents.wordings import check_words, keep_wording, wording_of
from milepost.people.access import OrganisationRequest, requires


@dataclass
class Typed:
    """The words as somebody typed them, with what is wrong by the id of the field."""

    blocks: dict[str, str]
    clauses: list[dict[str, str]]
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, wording: Wording) -> "Typed":
        """Nothing was typed yet: the words that are kept."""
        return cls(wording.blocks, wording.clauses)

    @classmethod
    def read(cls, kind: DocumentKind, sent: QueryDict) -> "Typed":
        """What the form brings, each part checked."""
        typed = cls({}, [])
        for block in kind.blocks:
            name = f"block-{block.name}"
            typed.blocks[block.name] = typed._checked(sent.get(name, ""), name)
        clauses = zip(sent.getlist("clause-title"), sent.getlist("clause-text"), strict=False)
        for title, text in clauses:
            if title.strip() or text.strip():
                number = len(typed.clauses) + 1
                heading = typed._checked(title, f"clause-title-{number}")
                typed.clauses.append({"title": heading[:200], "text": typed._checked(text, f"clause-text-{number}")})
        return typed

    def _checked(self, words: str, name: str) -> str:
        try:
            return check_words(words)
        except Refused as refused:
            self.problems[name] = str(refused)
            return words


@require_http_methods(["GET", "POST"])
@requires(MANAGE_DOCUMENTS)
def wording(request: OrganisationRequest, kind: str, language: str) -> HttpResponseBase:
    """The organisation's own words in one kind of document."""
    document_kind = _kind(kind, language)
    own = wording_of(request.organisation, document_kind, language)
    typed = Typed.read(document_kind, request.POST) if request.method == "POST" else Typed.of(own)
    if request.method == "POST" and not typed.problems:
        keep_wording(wording=own, kind=document_kind, blocks=typed.blocks, clauses=typed.clauses, by=request.member)
        messages.success(request, _("Saved. New documents say it in these words."))
        return redirect("wording", request.organisation.slug, kind, language)
    context = {
        "kind": document_kind,
        "language": language,
        "rows": _rows(document_kind, language, typed),
        "clauses": [*typed.clauses, {"title": "", "text": ""}],
        "values": VALUES.items(),
        "complaints": typed.problems,
        "kinds": KINDS.values(),
    }
    return render(request, "documents/wording.html", context, status=400 if typed.problems else 200)


def _kind(name: str, language: str) -> DocumentKind:
    if name not in KINDS or language not in dict(settings.LANGUAGES):
        raise Http404
    return KINDS[name]


def _rows(kind: DocumentKind, language: str, typed: Typed) -> list[dict[str, str]]:
    with translation.override(language):
        return [
            {
                "field": f"block-{block.name}",
                "heading": str(block.heading) or "…",
                "usual": str(block.words),
                "own": typed.blocks.get(block.name, ""),
            }
            for block in kind.blocks
        ]


@require_GET
@requires(MANAGE_DOCUMENTS)
def wording_preview(request: OrganisationRequest, kind: str, language: str) -> HttpResponse:
    """How a document of this kind looks with the organisation's words, and the values of the last one that was made."""
    document_kind = _kind(kind, language)
    values = example_values(organisation=request.organisation, kind=document_kind, language=language)
    content = preview(organisation=request.organisation, kind=document_kind, values=values, language=language)
    return download(content, name=f"{kind}.pdf", content_type="application/pdf", is_shown=True)
