"""Pages of somebody who is to sign: read, sign, decline, pass on. They need the link, and a one-time code where one is asked for."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import links
from milepost.core.codes import hinted
from milepost.core.http import blob_download, download
from milepost.core.openness import Whom, open_to
from milepost.core.refusals import Refused, as_message
from milepost.documents.composing import file_of
from milepost.documents.declining import decline
from milepost.documents.delegating import may_propose, propose_delegate
from milepost.documents.identifying import BROWSERS, NotIdentified, identify, send_code
from milepost.documents.links import file_name
from milepost.documents.models import Signatory
from milepost.documents.reading import page_count
from milepost.documents.renewing import refuse_if_over
from milepost.documents.requesting import Party, RequestRefused
from milepost.documents.signatures import Signature
from milepost.documents.signing import Act, may_act, meaning, open_document, sign
from milepost.documents.views.pages import page_picture
from milepost.people.access import client_address
from milepost.people.limits import refuse_over_limit

PAGE_WIDTH = 1200  # pixels: sharp on a phone, readable on a desk
View = Callable[..., HttpResponseBase]


def linked(view: View) -> View:
    """Find whose link it is; `BrokenLink` for one that is not ours, `LinkOver` for one that has ended."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, **more: Any) -> HttpResponseBase:
        uid = links.uid_in(token, "document")
        rows = Signatory.objects.select_related("request__document__organisation", "request__created_by", "member")
        signatory = rows.filter(uid=uid).first() if uid else None
        if signatory is None:
            raise links.BrokenLink
        refuse_if_over(signatory)
        return view(request, signatory, **more)

    return open_to(Whom.LINK, "the link of somebody who is asked to sign")(guarded)


def asked(view: View) -> View:
    """Let whoever has the link in; where the request asks for a code, once it was typed in this browser.

    Every page of a signatory passes here, but the one that sends and takes the code.
    """

    @wraps(view)
    def guarded(request: HttpRequest, signatory: Signatory, **more: Any) -> HttpResponseBase:
        if not signatory.request.needs_code:
            return view(request, signatory, **more)
        if not _is_identified(request, signatory):
            return _entrance(request, signatory)
        return view(request, signatory, **more)

    return linked(guarded)


def _is_identified(request: HttpRequest, signatory: Signatory) -> bool:
    return signatory.request.needs_code and BROWSERS.knows(request, signatory.uid)


def _entrance(request: HttpRequest, signatory: Signatory, wrong_code: str = "") -> HttpResponse:
    """Where the code is asked for: it says who asks, what is wrong with a code that was typed, and nothing of the document."""
    is_first_look = wrong_code or (request.method == "GET" and request.path == _path(signatory))
    context = {
        "signatory": signatory,
        "asked": signatory.request,
        "organisation_shown": signatory.organisation,
        "token": _token(signatory),
        "hint": hinted(signatory.email),
        "problem": "" if is_first_look else NotIdentified.sentence,
        "wrong_code": wrong_code,
    }
    status = 400 if wrong_code else 200 if is_first_look else NotIdentified.status
    return render(request, "documents/entrance.html", context, status=status)


def _path(signatory: Signatory) -> str:
    return reverse("signatory", args=[_token(signatory)])


def _token(signatory: Signatory) -> str:
    return links.token("document", signatory.uid)


@require_http_methods(["GET", "POST"])
@asked
def signatory(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Read and sign. Nobody signs here what they never opened."""
    if request.method == "POST" and not signatory.opened_at:
        messages.info(request, _("You had not opened this document yet. Here it is: read it, and sign below."))
        return redirect("signatory", _token(signatory))
    if request.method == "POST":
        return _sign(request, signatory)
    open_document(signatory, is_identified=_is_identified(request, signatory))
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
        "may_propose": may_propose(signatory),
        "signatories": asked.signatories.all(),
        "annexes": list(enumerate(document.annexes)),
    }
    return render(request, "documents/signatory.html", context, status=400 if problem else 200)


def _places(signatory: Signatory, values: dict[str, str]) -> list[dict[str, Any]]:
    """What the person fills in, with what they typed."""
    return [
        place | _place_field(place, number, values.get(str(number), ""))
        for number, place in enumerate(signatory.request.document.places)
        if place["signatory"] == signatory.position and place["kind"] != "signature"
    ]


def _place_field(place: dict[str, Any], number: int, value: str) -> dict[str, Any]:
    label = place["label"] or (_("Date") if place["kind"] == "date" else "✓" if place["kind"] == "check" else _("Text"))
    return {"field": f"place-{number}", "label": label, "value": value}


def _pages(signatory: Signatory) -> int:
    return page_count(file_of(signatory.request.document))


def _sign(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    sent = {name: str(value) for name, value in request.POST.items() if name.startswith("place-")}
    values = {name.removeprefix("place-"): value for name, value in sent.items()}
    try:
        signature = Signature.read(request.POST.get("signature", ""))
        sign(signatory=signatory, act=_act(request, signatory, signature, values))
    except Refused as refused:
        return _page(request, signatory, problem=str(refused), values=values)
    return redirect("signatory", _token(signatory))


def _act(request: HttpRequest, signatory: Signatory, signature: Signature, values: dict[str, str]) -> Act:
    agent = request.headers.get("User-Agent", "")
    is_identified = _is_identified(request, signatory)
    return Act(signature, values, client_address(request), agent, is_identified=is_identified)


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
@linked
def code(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Send a one-time code, or take it."""
    typed = "".join(character for character in request.POST.get("code", "")[:20] if character.isdigit())
    response = redirect("signatory", _token(signatory))
    with as_message(request):
        refuse_over_limit(request, "document-code", link=signatory.uid, organisation=signatory.organisation_id)
        if "code" in request.POST:
            try:
                identify(signatory=signatory, code=typed)
            except RequestRefused as refused:
                return _entrance(request, signatory, wrong_code=str(refused))
            BROWSERS.remember(response, signatory.uid, path=_path(signatory))
        else:
            send_code(signatory=signatory)
            words = _("A code of six digits is on its way to %(email)s.")
            messages.success(request, words % {"email": hinted(signatory.email)})
    return response


@require_POST
@asked
def refusal(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Decline, with a reason."""
    with as_message(request):
        decline(
            signatory=signatory,
            reason=request.POST.get("reason", ""),
            address=client_address(request),
            is_identified=_is_identified(request, signatory),
        )
    return redirect("signatory", _token(signatory))


@require_POST
@asked
def delegation(request: HttpRequest, signatory: Signatory) -> HttpResponseBase:
    """Propose the person who should sign instead."""
    with as_message(request):
        refuse_over_limit(request, "document-delegation", link=signatory.uid, organisation=signatory.organisation_id)
        propose_delegate(
            signatory=signatory,
            to=Party(request.POST.get("name", ""), request.POST.get("email", "")),
            is_identified=_is_identified(request, signatory),
        )
        messages.success(request, _("Whoever sent it is asked whether they agree."))
    return redirect("signatory", _token(signatory))
