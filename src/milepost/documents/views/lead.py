"""Pages of whoever writes and sends documents: all of them, making one, one of them, asking for signatures, one for each of many.

The organisation's own words are in `wording`.
"""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.core import once
from milepost.core.http import download, read_json
from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import Refused, as_message, complaints_of
from milepost.core.sent_files import sent_file
from milepost.documents.bulk import send_to_each
from milepost.documents.composing import MAX_FILE, RefusedDocument, add_annex, compose, file_of, upload
from milepost.documents.delegating import confirm_delegation, refuse_delegation
from milepost.documents.ending import withdraw
from milepost.documents.kinds import KINDS, VALUES, DocumentKind
from milepost.documents.links import file_name, link_of
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.documents.permissions import MANAGE_DOCUMENTS, SEE_DOCUMENTS
from milepost.documents.places import may_be_placed, put_places
from milepost.documents.reading import page_count
from milepost.documents.reminding import remind_now
from milepost.documents.renewing import renew_link
from milepost.documents.requesting import Party, RequestRefused, Terms, request_signatures
from milepost.documents.views.pages import page_picture
from milepost.journal.queries import timeline
from milepost.notices.undelivered import undelivered_about
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.filters import Chosen, PeopleFilter
from milepost.people.models import Member, Organisation
from milepost.people.permissions import may
from milepost.people.views.office import after_act

OWN_VALUES = frozenset(
    {
        *("organisation", "organisation_address", "registration", "certifier", "date"),
        *("representative", "capacity", "organisation_party", "client_party"),
    }
)  # nobody types them
LONG_VALUES = frozenset({"objectives", "content", "means", "people"})
PAGE_WIDTH = 1000  # pixels


def _document(request: OrganisationRequest, uid: str) -> Document:
    return get_object_or_404(
        Document.objects.select_related("organisation"), organisation=request.organisation, uid=uid
    )


@require_GET
@requires(SEE_DOCUMENTS)
def documents(request: OrganisationRequest) -> HttpResponse:
    """Every document with how far its signatures are; the ones that wait first on request."""
    is_asked = ~Q(request__signatories__state=Signatory.State.DELEGATED)
    has_signed = Q(request__signatories__state=Signatory.State.SIGNED)
    rows = Document.objects.filter(organisation=request.organisation).select_related("request")
    rows = rows.annotate(
        asked=Count("request__signatories", filter=is_asked), signed=Count("request__signatories", filter=has_signed)
    )
    text, status = text_of(request.GET, "q"), text_of(request.GET, "status", limit=12)
    if text:
        rows = rows.filter(Q(title__icontains=text) | Q(request__signatories__name__icontains=text)).distinct()
    if status:
        rows = rows.filter(request__status=status)
    rows = rows.order_by("-created_at", "-pk")
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
    complaints: dict[str, str] = {}
    if request.method == "POST":
        file, is_brought = request.FILES.get("file"), "kind" not in request.POST
        try:
            made = _bring(request, file) if file else _compose(request)
            return redirect("document", request.organisation.slug, made.uid)
        except Refused as refused:
            complaints = {"file": str(refused)} if is_brought else complaints_of(refused, "kind")
    context = {**_kind_fields(request.organisation, request.POST), "typed": request.POST, "complaints": complaints}
    return render(request, "documents/new.html", context, status=400 if complaints else 200)


def _kind_fields(organisation: Organisation, typed: Mapping[str, str]) -> dict[str, object]:
    """What the fields for a kind and its values show: all there are, with what somebody typed into them."""
    asked = {name: label for name, label in VALUES.items() if name not in OWN_VALUES}
    return {
        "kinds": KINDS.values(),
        "chosen_kind": typed.get("kind"),
        "chosen_language": typed.get("language", organisation.language),
        "values": [_value_field(name, label, typed) for name, label in asked.items()],
    }


def _value_field(name: str, label: str | Promise, typed: Mapping[str, str]) -> dict[str, object]:
    return {
        "field": f"value-{name}",
        "label": capfirst(str(label)),
        "value": typed.get(f"value-{name}", ""),
        "is_long": name in LONG_VALUES,
        "is_required": name == "title",
    }


def _bring(request: OrganisationRequest, file: UploadedFile[bytes]) -> Document:
    file = sent_file(file, most=MAX_FILE, advice=_("Save it with smaller pictures."))
    return upload(
        organisation=request.organisation,
        content=file.read(),
        name=file.name or "document.pdf",
        title=text_of(request.POST, "title"),
        language=_language(request),
        by=request.member,
        key=once.key_of(request.POST),
    )


def _compose(request: OrganisationRequest) -> Document:
    kind = _kind(request, _("Choose a kind of document, or bring a PDF."))
    return compose(
        organisation=request.organisation,
        kind=kind,
        values=_values(request),
        language=_language(request),
        by=request.member,
        key=once.key_of(request.POST),
    )


def _kind(request: HttpRequest, otherwise: str) -> DocumentKind:
    kind = KINDS.get(request.POST.get("kind", ""))
    if kind is None:
        raise RefusedDocument(otherwise, field="kind")
    return kind


def _values(request: HttpRequest) -> dict[str, str]:
    values = {name: text_of(request.POST, f"value-{name}", limit=4000).strip() for name in VALUES}
    if not values["title"]:
        raise RefusedDocument(_("The document needs the title of the training."), field="value-title")
    return values


def _language(request: OrganisationRequest) -> str:
    language = request.POST.get("language", "")
    return language if language in dict(settings.LANGUAGES) else request.organisation.language


@require_GET
@requires(SEE_DOCUMENTS)
def document(request: OrganisationRequest, document: str) -> HttpResponse:
    """One document: how it looks, who signed, what happened to it."""
    shown = _document(request, document)
    asked = SignatureRequest.objects.select_related("document__organisation").filter(document=shown).first()
    signatories = list(asked.signatories.select_related("member")) if asked else []
    waiting = [signatory for signatory in signatories if signatory.state == Signatory.State.WAITING]
    about = [shown.uid, *(signatory.uid for signatory in signatories)]
    context = {
        "document": shown,
        "asked": asked,
        "signatories": signatories,
        "pages": range(page_count(file_of(shown))),
        "entries": timeline(request.organisation.pk, str(shown.uid))[:50],
        "undelivered": undelivered_about(request.organisation, *about),
        "may_manage": may(request.member, MANAGE_DOCUMENTS),
        "links": {signatory.pk: link_of(signatory) for signatory in waiting},
        "capacities": shown.content.get("capacities", []),
        "can_place": bool(shown.source) and asked is None,
    }
    return render(request, "documents/document.html", context)


@require_GET
@requires(SEE_DOCUMENTS)
def file(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """The PDF as it stands."""
    shown = _document(request, document)
    return download(file_of(shown), name=f"{file_name(shown.title)}.pdf", content_type="application/pdf")


@require_GET
@requires(SEE_DOCUMENTS)
def page(request: OrganisationRequest, document: str, number: int) -> HttpResponse:
    """A page as a picture."""
    return page_picture(_document(request, document), number, width=PAGE_WIDTH)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_DOCUMENTS)
def places(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Put the places that signatories fill onto the pages of a PDF."""
    brought = _document(request, document)
    if not may_be_placed(brought):
        messages.error(request, _("The places of this document are settled."))
        return redirect("document", request.organisation.slug, brought.uid)
    problem = ""
    if request.method == "POST":
        try:
            put_places(document=brought, places=read_json(request.POST.get("places", "")[:200_000] or "[]"))
            messages.success(request, _("The places are kept. Say who signs."))
            return redirect("document", request.organisation.slug, brought.uid)
        except Refused as refused:
            problem = str(refused)
        except ValueError:
            problem = _("What arrived can’t be read.")
    context = {
        "document": brought,
        "pages": range(brought.content.get("pages", 0)),
        "places": brought.places,
        "problem": problem,
    }
    return render(request, "documents/places.html", context, status=400 if problem else 200)


@require_POST
@requires(MANAGE_DOCUMENTS)
def annexes(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Add a file that goes with the document."""
    shown = _document(request, document)
    with as_message(request):
        file = sent_file(request.FILES.get("file"), most=MAX_FILE)
        add_annex(document=shown, name=file.name or "annex", chunks=file.chunks())
    return redirect("document", request.organisation.slug, shown.uid)


@require_POST
@requires(MANAGE_DOCUMENTS)
def signature_request(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Ask people to sign it."""
    unsigned = _document(request, document)
    with as_message(request):
        request_signatures(document=unsigned, parties=_parties(request), terms=_terms(request), by=request.member)
        messages.success(request, _("Asked. Each gets a mail with a personal link."))
    return redirect("document", request.organisation.slug, unsigned.uid)


def _parties(request: OrganisationRequest) -> list[Party]:
    lists = [request.POST.getlist(name) for name in ("name", "email", "capacity")]
    rows = [row for row in zip(*lists, strict=False) if row[0].strip() or row[1].strip()]
    emails = [email.strip().lower() for _name, email, _capacity in rows]
    members = Member.objects.filter(organisation=request.organisation, email__in=emails)
    known = {member.email: member for member in members}
    return [Party(name, email, capacity, known.get(email.strip().lower())) for name, email, capacity in rows]


def _terms(request: HttpRequest) -> Terms:
    days = request.POST.get("remind_days", "3")
    copies = request.POST.get("copies", "").replace(";", ",").split(",")
    try:
        expires = parse_date(request.POST.get("expires_on", ""))
    except ValueError as error:
        raise RequestRefused(_("The last day is no date."), field="expires_on") from error
    return Terms(
        is_ordered="is_ordered" in request.POST,
        needs_code="needs_code" in request.POST,
        message=request.POST.get("message", ""),
        copies=[email.strip().lower() for email in copies if email.strip()],
        expires_on=expires,
        remind_days=int(days) if days.isascii() and days.isdigit() and int(days) <= 60 else 3,
    )


@require_POST
@requires(MANAGE_DOCUMENTS)
def reminders(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Remind those whose turn it is."""
    asked = get_object_or_404(SignatureRequest, document=_document(request, document))
    count = remind_now(asked)
    words = ngettext("%(count)d person was reminded.", "%(count)d people were reminded.", count)
    messages.success(request, words % {"count": count})
    return redirect("document", request.organisation.slug, document)


@require_POST
@requires(MANAGE_DOCUMENTS)
def signatory_link(request: OrganisationRequest, document: str, signatory: str) -> HttpResponseBase:
    """Have somebody's link that has ended work again, and send it to them."""
    rows = Signatory.objects.select_related("request")
    row = get_object_or_404(rows, request__document=_document(request, document), uid=signatory)
    with as_message(request):
        renew_link(signatory=row, by=request.member)
        messages.success(request, _("The link works again, and is on its way to %(name)s.") % {"name": row.name})
    return redirect("document", request.organisation.slug, document)


@require_POST
@requires(MANAGE_DOCUMENTS)
def withdrawal(request: OrganisationRequest, document: str) -> HttpResponseBase:
    """Take the request back."""
    rows = SignatureRequest.objects.select_related("document")
    asked = get_object_or_404(rows, document=_document(request, document))
    with as_message(request):
        withdraw(request=asked, reason=request.POST.get("reason", ""), by=request.member)
        messages.success(request, _("Withdrawn. Those who were asked get a mail."))
    return redirect("document", request.organisation.slug, document)


@require_POST
@requires(MANAGE_DOCUMENTS)
def delegation(request: OrganisationRequest, document: str, signatory: str) -> HttpResponseBase:
    """Agree that somebody else signs, or not. What the page showed is compared with what is proposed now."""
    rows = Signatory.objects.select_related("request__document__organisation", "member")
    proposing = get_object_or_404(rows, request__document=_document(request, document), uid=signatory)
    to = Party(text_of(request.POST, "name"), text_of(request.POST, "email"))
    with as_message(request):
        if request.POST.get("answer") == "confirm":
            confirm_delegation(signatory=proposing, to=to, by=request.member)
            messages.success(request, _("%(name)s is asked to sign instead.") % {"name": to.name})
        else:
            refuse_delegation(signatory=proposing, to=to, by=request.member)
            messages.success(request, _("%(name)s reads that they are to sign themselves.") % {"name": proposing.name})
    return redirect("document", request.organisation.slug, document)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_DOCUMENTS)
@confirmed
def bulk(request: OrganisationRequest) -> HttpResponseBase:
    """One document for each of many people, sent to them to sign in one act."""
    chosen = PeopleFilter(request.member, MANAGE_DOCUMENTS, request.POST if request.method == "POST" else request.GET)
    problem, complaints = "", {}
    if request.method == "POST":
        try:
            act = send_to_each(
                kind=_kind(request, _("Choose a kind of document.")),
                values=_values(request),
                language=_language(request),
                members=chosen.shown(),
                terms=_terms(request),
                by=request.member,
                key=once.key_of(request.POST),
            )
        except Refused as refused:
            if refused.field:
                complaints = complaints_of(refused, "")
            else:
                problem = str(refused)
        else:
            return after_act(
                request,
                act,
                done=lambda count: ngettext(
                    "%(count)d document goes out, as fast as the mail server takes it.",
                    "%(count)d documents go out, as fast as the mail server takes them.",
                    count,
                ),
                nobody="",
                then=reverse("documents", args=[request.organisation.slug]),
            )
    context = {
        **_kind_fields(request.organisation, request.POST),
        "chosen": chosen,
        "new": Chosen.of(chosen.candidates().exclude(email=None)),
        "problem": problem,
        "complaints": complaints,
        "typed": request.POST,
    }
    return render(request, "documents/bulk.html", context, status=400 if problem or complaints else 200)
