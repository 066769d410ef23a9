"""Pages of documents inside the organisation: all of them, making one, one of them, asking for signatures, one's own words."""

import json
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import blobs
from milepost.core.http import download
from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import Refused, as_message
from milepost.documents import composing, kinds
from milepost.documents.composing import RefusedDocument, check_places, file_of
from milepost.documents.facts import WORDING_UPDATED
from milepost.documents.kinds import KINDS, VALUES, check_words, wording_of
from milepost.documents.links import file_name, link_of
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.documents.permissions import MANAGE_DOCUMENTS, SEE_DOCUMENTS
from milepost.documents.reminders import remind_now
from milepost.documents.requesting import Party, RequestRefused, Terms, request_many, request_signatures, withdraw
from milepost.journal.queries import timeline
from milepost.journal.recording import Reference, record
from milepost.notices.undelivered import undelivered_about
from milepost.people.access import OrganisationRequest, requires
from milepost.people.filters import PeopleFilter
from milepost.people.models import Member
from milepost.people.permissions import may

PAGE_WIDTH = 1000
MAX_BULK = 2_000


def _document(request: OrganisationRequest, uid: str) -> Document:
    return get_object_or_404(
        Document.objects.select_related("organisation"), organisation=request.organisation, uid=uid
    )


@require_GET
@requires(SEE_DOCUMENTS)
def documents(request: OrganisationRequest) -> HttpResponse:
    """Every document with how far its signatures are; the ones that wait first on request."""
    rows = Document.objects.filter(organisation=request.organisation).select_related("request").annotate(
        asked=Count("request__signatories", filter=~Q(request__signatories__state=Signatory.State.DELEGATED)),
        signed=Count("request__signatories", filter=Q(request__signatories__state=Signatory.State.SIGNED)),
    )  # fmt: skip
    text, status = text_of(request.GET, "q"), text_of(request.GET, "status", limit=12)
    if text:
        rows = rows.filter(Q(title__icontains=text) | Q(request__signatories__name__icontains=text)).distinct()
    if status:
        rows = rows.filter(request__status=status)
    waiting = SignatureRequest.objects.open().filter(organisation=request.organisation).count()
    context = {
        "page": page_of(request, rows),
        "waiting": waiting,
        "text": text,
        "status": status,
        "statuses": SignatureRequest.Status.choices,
    }
    return render(request, "documents/documents.html", context)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_DOCUMENTS)
def new_document(request: OrganisationRequest) -> HttpResponseBase:
    """Make a document from a kind and values, or bring a PDF."""
    problem, told = "", request.POST
    if request.method == "POST":
        try:
            file = request.FILES.get("file")
            made = _bring(request, file) if file else _compose(request)
            return redirect("document", request.organisation.slug, made.uid)
        except Refused as refused:
            problem = str(refused)
    context = {"kinds": KINDS.values(), "values": _asked_values(told), "told": told, "problem": problem}
    return render(request, "documents/new.html", context, status=400 if problem else 200)


def _asked_values(told: Any) -> list[dict[str, Any]]:
    own = {"organisation", "organisation_address", "registration", "certifier", "date"}
    return [
        {"name": name, "label": label, "value": told.get(f"value-{name}", "")}
        for name, label in VALUES.items()
        if name not in own
    ]


def _bring(request: OrganisationRequest, file: UploadedFile[bytes]) -> Document:
    if (file.size or 0) > composing.MAX_FILE:
        raise RefusedDocument(_("The file is larger than 50 MB. Save it with smaller pictures."))
    return composing.upload(
        organisation=request.organisation, content=file.read(), name=file.name or "document.pdf",
        title=text_of(request.POST, "title"), language=_language(request), by=request.member,
    )  # fmt: skip


def _compose(request: OrganisationRequest) -> Document:
    kind = KINDS.get(request.POST.get("kind", ""))
    if kind is None:
        raise RefusedDocument(_("Choose a kind of document, or bring a PDF."))
    values = {name: text_of(request.POST, f"value-{name}", limit=4000).strip() for name in VALUES}
    if not values["title"]:
        raise RefusedDocument(_("The document needs the title of the training."))
    return composing.compose(
        organisation=request.organisation, kind=kind, values=values, language=_language(request), by=request.member
    )


def _language(request: OrganisationRequest) -> str:
    told = request.POST.get("language", "")
    return told if told in ("en", "fr") else request.organisation.language


@require_GET
@requires(SEE_DOCUMENTS)
def document(request: OrganisationRequest, document: str) -> HttpResponse:
    """One document: how it looks, who signed, what happened to it."""
    from milepost.documents.stamping import page_count

    found = _document(request, document)
    asked = SignatureRequest.objects.filter(document=found).first()
    signatories = list(asked.signatories.select_related("member")) if asked else []
    content = file_of(found)
    context = {
        "document": found, "asked": asked, "signatories": signatories, "pages": range(page_count(content)),
        "entries": timeline(request.organisation.pk, str(found.uid))[:50],
        "undelivered": undelivered_about(request.organisation, found.uid, *(who.uid for who in signatories)),
        "may_manage": may(request.member, MANAGE_DOCUMENTS),
        "links": {who.pk: link_of(who) for who in signatories if who.state == Signatory.State.WAITING},
        "capacities": found.content.get("capacities", []), "can_place": bool(found.source) and asked is None,
    }  # fmt: skip
    return render(request, "documents/document.html", context)


@require_GET
@requires(SEE_DOCUMENTS)
def file(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """The PDF as it stands."""
    found = _document(request, document)
    return download(file_of(found), name=f"{file_name(found.title)}.pdf", content_type="application/pdf")


@require_GET
@requires(SEE_DOCUMENTS)
def page(request: OrganisationRequest, document: str, number: int) -> HttpResponse:
    """A page as a picture."""
    from milepost.documents.stamping import picture_of_page

    found = _document(request, document)
    try:
        picture, _height = picture_of_page(file_of(found), number, width=PAGE_WIDTH)
    except IndexError as error:
        raise Http404 from error
    return HttpResponse(picture, content_type="image/webp", headers={"Cache-Control": "private, max-age=60"})


@require_http_methods(["GET", "POST"])
@requires(MANAGE_DOCUMENTS)
def places(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Put the places that signatories fill onto the pages of a PDF."""
    found = _document(request, document)
    if not found.source or SignatureRequest.objects.filter(document=found).exists():
        messages.error(request, _("The places of this document are settled."))
        return redirect("document", request.organisation.slug, found.uid)
    problem = ""
    if request.method == "POST":
        try:
            found.places = check_places(
                found, json.loads(request.POST.get("places", "")[:200_000] or "[]"), signatories=20
            )
            found.save(update_fields=["places"])
            messages.success(request, _("The places are kept. Say who signs."))
            return redirect("document", request.organisation.slug, found.uid)
        except Refused as refused:
            problem = str(refused)
        except ValueError:
            problem = _("What arrived can’t be read.")
    context = {
        "document": found,
        "pages": range(found.content.get("pages", 0)),
        "places": found.places,
        "problem": problem,
    }
    return render(request, "documents/places.html", context, status=400 if problem else 200)


@require_POST
@requires(MANAGE_DOCUMENTS)
def annexes(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Add a file that goes with the document."""
    found = _document(request, document)
    file = request.FILES.get("file")
    if SignatureRequest.objects.filter(document=found).exists():
        messages.error(request, _("Signatures were asked for already; nothing is added any more."))
    elif file is None or not file.size or file.size > composing.MAX_FILE:
        messages.error(request, _("Choose a file of up to 50 MB."))
    else:
        digest = blobs.store_stream(request.organisation.uid, file.chunks())
        found.annexes = [*found.annexes, {"name": (file.name or "annex")[:200], "digest": digest}]
        found.save(update_fields=["annexes"])
    return redirect("document", request.organisation.slug, found.uid)


@require_POST
@requires(MANAGE_DOCUMENTS)
def signature_request(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Ask people to sign it."""
    found = _document(request, document)
    with as_message(request):
        request_signatures(document=found, parties=_parties(request), terms=_terms(request), by=request.member)
        messages.success(request, _("Asked. Each gets a mail with a personal link."))
    return redirect("document", request.organisation.slug, found.uid)


def _parties(request: OrganisationRequest) -> list[Party]:
    lists = [request.POST.getlist(name) for name in ("name", "email", "capacity")]
    rows = [row for row in zip(*lists, strict=False) if row[0].strip() or row[1].strip()]
    known = {
        member.email: member
        for member in Member.objects.filter(
            organisation=request.organisation, email__in=[row[1].strip().lower() for row in rows]
        )
    }
    return [Party(name, email, capacity, known.get(email.strip().lower())) for name, email, capacity in rows]


def _terms(request: HttpRequest) -> Terms:
    days = request.POST.get("remind_days", "3")
    try:
        expires = parse_date(request.POST.get("expires_on", ""))
    except ValueError as error:
        raise RequestRefused(_("The last day is no date.")) from error
    return Terms(
        is_ordered="is_ordered" in request.POST, needs_code="needs_code" in request.POST, message=request.POST.get("message", "").replace("\x00", ""),
        copies=[text.strip().lower() for text in request.POST.get("copies", "").replace(";", ",").split(",") if text.strip()],
        expires_on=expires, remind_days=int(days) if days.isascii() and days.isdigit() and int(days) <= 60 else 3,
    )  # fmt: skip


@require_POST
@requires(MANAGE_DOCUMENTS)
def reminders(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Remind those whose turn it is."""
    found = get_object_or_404(SignatureRequest, document=_document(request, document))
    count = remind_now(found)
    told = ngettext("%(count)d person was reminded.", "%(count)d people were reminded.", count)
    messages.success(request, told % {"count": count})
    return redirect("document", request.organisation.slug, document)


@require_POST
@requires(MANAGE_DOCUMENTS)
def withdrawal(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Take the request back."""
    found = get_object_or_404(
        SignatureRequest.objects.select_related("document"), document=_document(request, document)
    )
    with as_message(request):
        withdraw(request=found, reason=request.POST.get("reason", ""), by=request.member)
        messages.success(request, _("Withdrawn. Those who were asked get a mail."))
    return redirect("document", request.organisation.slug, document)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_DOCUMENTS)
def bulk(request: OrganisationRequest) -> HttpResponseBase:
    """One document for each of many people, sent to them to sign in one act."""
    chosen = PeopleFilter(request.member, MANAGE_DOCUMENTS, request.POST if request.method == "POST" else request.GET)
    members = chosen.members().exclude(email=None)
    count = members.count()
    problem = ""
    if request.method == "POST":
        try:
            sent = _send_bulk(request, members, count)
        except Refused as refused:
            problem = str(refused)
        else:
            told = ngettext(
                "%(count)d document goes out, as fast as the mail server takes it.",
                "%(count)d documents go out, as fast as the mail server takes them.",
                sent,
            )
            messages.success(request, told % {"count": sent})
            return redirect("documents", request.organisation.slug)
    context = {
        "chosen": chosen,
        "count": count,
        "sample": members[:12],
        "kinds": KINDS.values(),
        "values": _asked_values(request.POST),
        "problem": problem,
        "told": request.POST,
    }
    return render(request, "documents/bulk.html", context, status=400 if problem else 200)


def _send_bulk(request: OrganisationRequest, members: Any, count: int) -> int:
    kind = KINDS.get(request.POST.get("kind", ""))
    if kind is None:
        raise RefusedDocument(_("Choose a kind of document."))
    if not 0 < count <= MAX_BULK:
        raise RefusedDocument(
            _("Choose between 1 and %(count)d people who have an e-mail address.") % {"count": MAX_BULK}
        )
    values = {name: text_of(request.POST, f"value-{name}", limit=4000).strip() for name in VALUES}
    if not values["title"]:
        raise RefusedDocument(_("The document needs the title of the training."))
    people = list(members)
    told = [
        values
        | {"person": member.full_name, "employer": request.organisation.name if member.relation == "employee" else ""}
        for member in people
    ]
    with transaction.atomic():
        made = composing.compose_many(
            organisation=request.organisation, kind=kind, told=told, language=_language(request), by=request.member
        )
        with translation.override(_language(request)):
            capacity = str(kind.signatories[-1]) if kind.signatories else _("I received it")
        pairs = [
            (document, [Party(m.full_name, m.email or "", capacity, m)])
            for document, m in zip(made, people, strict=True)
        ]
        return request_many(pairs=pairs, terms=_terms(request), by=request.member)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_DOCUMENTS)
def wording(request: OrganisationRequest, kind: str, language: str) -> HttpResponseBase:
    """The organisation's own words in one kind of document."""
    found = KINDS.get(kind)
    if found is None or language not in ("en", "fr"):
        raise Http404
    own = wording_of(request.organisation, found, language)
    problems: dict[str, str] = {}
    if request.method == "POST":
        blocks, clauses = {}, []
        for block in found.blocks:
            blocks[block.name] = _words(request.POST.get(f"block-{block.name}", ""), block.name, problems)
        for number, (title, text) in enumerate(
            zip(request.POST.getlist("clause-title"), request.POST.getlist("clause-text"), strict=False)
        ):
            if title.strip() or text.strip():
                clauses.append({"title": title.strip()[:200], "text": _words(text, f"clause-{number}", problems)})
        if not problems:
            own.blocks, own.clauses = (
                {name: words for name, words in blocks.items() if words},
                clauses[: kinds.MAX_CLAUSES],
            )
            with transaction.atomic():
                own.save()
                wording = Reference("wording", f"{request.organisation.uid}/{kind}/{language}", str(found.label))
                record(
                    WORDING_UPDATED,
                    organisation=request.organisation,
                    actor=request.member.as_reference(),
                    object=wording,
                    context={"kind": kind, "language": language},
                )
            messages.success(request, _("Saved. New documents say it in these words."))
            return redirect("wording", request.organisation.slug, kind, language)
        own.blocks, own.clauses = blocks, clauses
    with translation.override(language):
        rows = [
            {"name": b.name, "heading": str(b.heading), "usual": str(b.words), "own": own.blocks.get(b.name, ""), "problem": problems.get(b.name, "")}
            for b in found.blocks
        ]  # fmt: skip
    context = {
        "kind": found,
        "language": language,
        "rows": rows,
        "clauses": [*own.clauses, {"title": "", "text": ""}],
        "values": VALUES.items(),
        "problems": problems,
        "kinds": KINDS.values(),
    }
    return render(request, "documents/wording.html", context, status=400 if problems else 200)


def _words(text: str, name: str, problems: dict[str, str]) -> str:
    try:
        return check_words(text)
    except Refused as refused:
        problems[name] = str(refused)
        return text


@require_GET
@requires(MANAGE_DOCUMENTS)
def wording_preview(request: OrganisationRequest, kind: str, language: str) -> HttpResponse:
    """How a document of this kind looks with the organisation's words, and the values of the last one that was made."""
    if kind not in KINDS or language not in ("en", "fr"):
        raise Http404
    person = Member.objects.filter(organisation=request.organisation).active().first()
    with translation.override(language):
        values = {name: f"[{label}]" for name, label in VALUES.items()}
    newest = Document.objects.filter(organisation=request.organisation, kind=kind, language=language).first()
    values |= {name: text for name, text in (newest.content["values"] if newest else {}).items() if text}
    values |= {"person": person.full_name if person else values["person"]}
    content = composing.preview(organisation=request.organisation, kind_name=kind, values=values, language=language)
    return download(content, name=f"{kind}.pdf", content_type="application/pdf", is_shown=True)
