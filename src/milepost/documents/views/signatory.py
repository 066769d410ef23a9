"""Pages of somebody who is to sign: read, sign, decline, pass on. Whoever has the link needs nothing else."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import links
from milepost.core.codes import hinted
from milepost.core.http import blob_download, download
from milepost.core.refusals import Refused, as_message
from milepost.documents.composing import file_of
from milepost.documents.declining import decline, delegate
from milepost.documents.identifying import identify, send_code
from milepost.documents.links import file_name
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, RequestRefused
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act, may_act, meaning, open_document, sign
from milepost.documents.views.pages import page_picture
from milepost.people.access import client_address
from milepost.people.limits import is_over_limit

PAGE_WIDTH = 1200  # pixels: sharp on a phone, readable on a desk
View = Callable[..., HttpResponseBase]


def asked(view: View) -> View:
    """Find whose link it is; `BrokenLink` for one that is not ours."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, **more: Any) -> HttpResponseBase:
        uid = links.uid_in(token, "document")
        rows = Signatory.objects.select_related("request__document__organisation", "request__created_by", "member")
        signatory = rows.filter(uid=uid).first() if uid else None
        if signatory is None:
            raise links.BrokenLink
        return view(request, signatory, **more)

    return guarded


def _token(signatory: Signatory) -> str:
    return links.token("document", signatory.uid)


@require_http_methods(["GET", "POST"])
@asked
def signatory(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Read and sign."""
    if request.method == "POST":
        return _sign(request, signatory)
    open_document(signatory)
    return _page(request, signatory)


def _page(
    request: HttpRequest, signatory: Signatory, *, problem: str = "", values: dict[str, str] | None = None
) -> HttpResponse:
    asked, document = signatory.request, signatory.request.document
    context = {
        "signatory": signatory,
        "asked": asked,
        "document": document,
        "organisation_shown": document.organisation,
        "token": _token(signatory),
        "pages": range(_pages(signatory)),
        "stops": may_act(signatory),
        "places": _places(signatory, values or {}),
        "problem": problem,
        "meaning": meaning(signatory),
        "needs_code": asked.needs_code and signatory.identified_at is None,
        "signatories": asked.signatories.all(),
        "annexes": list(enumerate(document.annexes)),
    }
    return render(request, "documents/signatory.html", context, status=400 if problem else 200)


def _places(signatory: Signatory, values: dict[str, str]) -> list[dict[str, Any]]:
    """What the person fills in, with what they typed."""
    return [
        place | {"number": number, "value": values.get(str(number), "")}
        for number, place in enumerate(signatory.request.document.places)
        if place["signatory"] == signatory.position and place["kind"] != "signature"
    ]


def _pages(signatory: Signatory) -> int:
    from milepost.documents.stamping import page_count

    return page_count(file_of(signatory.request.document))


def _sign(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    sent = {name: str(value) for name, value in request.POST.items() if name.startswith("place-")}
    values = {name.removeprefix("place-"): value for name, value in sent.items()}
    try:
        signature = Signature.read(request.POST.get("signature", ""))
        agent = request.headers.get("User-Agent", "")
        sign(signatory=signatory, act=Act(signature, values, client_address(request), agent))
    except Refused as refused:
        return _page(request, signatory, problem=str(refused), values=values)
    return redirect("signatory", _token(signatory))


@require_GET
@asked
def page(request: HttpRequest, signatory: Signatory, number: int) -> HttpResponse:
    """A page of the document as a picture, as it stands now."""
    return page_picture(signatory.request.document, number, width=PAGE_WIDTH)


@require_GET
@asked
def file(request: HttpRequest, signatory: Signatory) -> HttpResponse:
    """The document itself, as it stands now."""
    document = signatory.request.document
    return download(file_of(document), name=f"{file_name(document.title)}.pdf", content_type="application/pdf")


@require_GET
@asked
def annex(request: HttpRequest, signatory: Signatory, number: int) -> HttpResponseBase:
    """A file that goes with the document."""
    document = signatory.request.document
    try:
        annex = document.annexes[number]
    except IndexError as error:
        raise Http404 from error
    return blob_download(document.organisation.uid, annex["digest"], name=annex["name"])


@require_POST
@asked
def code(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Send a one-time code, or take it."""
    typed = "".join(character for character in request.POST.get("code", "")[:20] if character.isdigit())
    with as_message(request):
        if is_over_limit(request, "document-code", a_minute=10):
            raise RequestRefused(_("Too many tries. Wait a minute."))
        if typed:
            identify(signatory=signatory, code=typed)
        else:
            send_code(signatory=signatory)
            words = _("A code of six digits is on its way to %(email)s.")
            messages.success(request, words % {"email": hinted(signatory.email)})
    return redirect("signatory", _token(signatory))


@require_POST
@asked
def refusal(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Decline, with a reason."""
    with as_message(request):
        decline(
            signatory=signatory,
            reason=request.POST.get("reason", ""),
            address=client_address(request),
        )
    return redirect("signatory", _token(signatory))


@require_POST
@asked
def delegation(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Pass it on to the person who should sign."""
    with as_message(request):
        delegate(signatory=signatory, to=Party(request.POST.get("name", ""), request.POST.get("email", "")))
    return redirect("signatory", _token(signatory))
