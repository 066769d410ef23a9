"""The audit room: what somebody from outside reads by a personal link. They change nothing, and all they open is noted."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core import blobs
from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import as_message
from milepost.documents.channels import Addressee, channels, hinted
from milepost.evidence.auditing import audit_of, identify, note
from milepost.evidence.belongings import Belongings
from milepost.evidence.exploring import page_of as history_page
from milepost.evidence.exploring import shown
from milepost.evidence.models import Audit, Dossier, TrainingAction
from milepost.evidence.readiness import readiness_of
from milepost.evidence.standings import standings
from milepost.journal.models import Entry
from milepost.journal.recording import Reference
from milepost.journal.verbs import Verb
from milepost.journal.views import proof_response
from milepost.people.limits import is_over_limit

LIVES = 12 * 3600  # seconds for which a browser that typed the code may read
_SALT = "milepost.evidence.audit"
View = Callable[..., HttpResponseBase]


def in_room(view: View) -> View:
    """Let the auditor in whose link it is, while the audit is open, once this browser typed the code."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, **more: Any) -> HttpResponseBase:
        audit = _entered(request, token)
        if not audit.is_open or not _is_identified(request, audit):
            return redirect("audit_room", token)
        return view(request, audit, **more)

    return never_cache(guarded)


def _entered(request: HttpRequest, token: str) -> Audit:
    audit = audit_of(token)
    if audit is None:
        raise Http404
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(audit.language)
        request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
    timezone.activate(audit.organisation.time_zone)
    request.audit_token = token  # type: ignore[attr-defined]
    return audit


def _is_identified(request: HttpRequest, audit: Audit) -> bool:
    try:
        told = signing.loads(request.COOKIES.get(_cookie(audit), ""), salt=_SALT, max_age=LIVES)
    except signing.BadSignature:
        return False
    return bool(told == str(audit.uid))


def _cookie(audit: Audit) -> str:
    return f"audit-{str(audit.uid)[:8]}"


def _render(request: HttpRequest, template: str, audit: Audit, **context: Any) -> HttpResponse:
    token: str = request.audit_token  # type: ignore[attr-defined]
    return render(
        request, template, {"audit": audit, "organisation_shown": audit.organisation, "token": token, **context}
    )


@never_cache
@require_http_methods(["GET", "POST"])
def audit_room(request: HttpRequest, token: str) -> HttpResponseBase:
    """The way in, and then the actions that the audit covers."""
    audit = _entered(request, token)
    if not audit.is_open:
        return _render(request, "evidence/room_closed.html", audit)
    if request.method == "POST":
        return _identify(request, audit, token)
    if not _is_identified(request, audit):
        return _render(request, "evidence/room_entrance.html", audit, hint=hinted(audit.email))
    text = text_of(request.GET, "q")
    rows = audit.scope.filter(title__icontains=text) if text else audit.scope
    return _render(
        request, "evidence/room.html", audit, page=page_of(request, rows.order_by("-starts_on", "-pk")), text=text
    )


def _identify(request: HttpRequest, audit: Audit, token: str) -> HttpResponseBase:
    response = redirect("audit_room", token)
    typed = "".join(character for character in request.POST.get("code", "")[:20] if character.isdigit())
    if is_over_limit(request, "audit-code", a_minute=10):
        messages.error(request, _("Too many tries. Wait a minute."))
    elif typed:
        if problem := identify(audit=audit, code=typed):
            messages.error(request, problem)
        else:
            response.set_cookie(
                _cookie(audit), signing.dumps(str(audit.uid), salt=_SALT), max_age=LIVES, path=reverse("audit_room", args=[token]),
                secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
            )  # fmt: skip
    else:
        _send_code(request, audit)
    return response


def _send_code(request: HttpRequest, audit: Audit) -> None:
    with as_message(request):
        to = Addressee(audit.name, audit.email, audit.language)
        channels["e-mail"].send(audit.new_code(), to=to, title=audit.organisation.name)
        messages.success(
            request, _("A code of six digits is on its way to %(email)s.") % {"email": hinted(audit.email)}
        )


# --- What can be read -------------------------------------------------------------------------------------


def _things(audit: Audit, uid: str, person: str = "") -> Belongings:
    action = get_object_or_404(audit.scope.select_related("organisation", "course"), uid=uid)
    return Belongings(action, get_object_or_404(action.members, uid=person) if person else None)


@require_GET
@in_room
def audit_action(request: HttpRequest, audit: Audit, action: str) -> HttpResponse:
    """One action: what the profile wants, what is there, its files and its history."""
    things = _things(audit, action)
    found = things.action
    note(audit, found.as_reference())
    return _render(
        request, "evidence/room_action.html", audit, action=found, found=readiness_of(found), things=things,
        people=things.people.count(), dossiers=_dossiers(found).order_by("-asked_at")[:5],
        history=history_page(things.story(), request.GET, found), prefix=_prefix(request, found),
    )  # fmt: skip


@require_GET
@in_room
def audit_people(request: HttpRequest, audit: Audit, action: str) -> HttpResponse:
    """Everybody in the action, with what there is of each."""
    things = _things(audit, action)
    text = text_of(request.GET, "q")
    page = page_of(request, things.people.matching(text) if text else things.people)
    note(audit, things.action.as_reference(), more=[("page", "people")])
    return _render(
        request, "evidence/room_people.html", audit, action=things.action, page=page, text=text,
        rows=standings(things.action, page.object_list),
    )  # fmt: skip


@require_GET
@in_room
def audit_person(request: HttpRequest, audit: Audit, action: str, person: str) -> HttpResponse:
    """One person in the action."""
    things = _things(audit, action, person)
    assert things.member  # noqa: S101 (it was asked for)
    note(audit, things.member.as_reference(), more=[("action", things.action.reference)])
    facts = Entry.objects.filter(pk__in=things.entry_numbers()).order_by("-id")
    return _render(
        request, "evidence/room_person.html", audit, action=things.action, person=things.member, things=things,
        found=readiness_of(things.action, things.member), history=history_page(facts, request.GET, things.member),
        prefix=_prefix(request, things.action),
    )  # fmt: skip


def _prefix(request: HttpRequest, action: TrainingAction) -> str:
    return reverse("audit_action", args=[request.audit_token, action.uid]) + "journal/"  # type: ignore[attr-defined]


def _dossiers(action: TrainingAction) -> "QuerySet[Dossier]":
    return Dossier.objects.filter(action=action).exclude(digest="")


@require_GET
@in_room
def audit_file(request: HttpRequest, audit: Audit, action: str, kind: str, number: int) -> HttpResponseBase:
    """A file of the action."""
    things = _things(audit, action)
    name, digest, what = _file(things, kind, number)
    verb = Verb.EXPORTED if kind == "dossier" else Verb.VIEWED
    note(audit, what, verb=verb, more=[("action", things.action.reference), ("file", name), ("sha256", digest)])
    return FileResponse(blobs.open_blob(audit.organisation.uid, digest), as_attachment=True, filename=name)


def _file(things: Belongings, kind: str, number: int) -> tuple[str, str, Reference]:
    """Its name, its fingerprint, and what it is in the journal."""
    action = things.action.as_reference()
    match kind:
        case "document":
            document = get_object_or_404(things.documents.exclude(pdf=""), pk=number)
            return f"{document.kind or 'document'}-{number}.pdf", document.pdf, document.as_reference()
        case "sheet":
            sheet = get_object_or_404(things.sheets.exclude(pdf=""), pk=number)
            return f"{sheet.session.reference}-{sheet.number}.pdf", sheet.pdf, sheet.as_reference()
        case "certificate":
            certificate = get_object_or_404(things.certificates.exclude(pdf=""), pk=number)
            return f"{certificate.file_name}.pdf", certificate.pdf, certificate.as_reference()
        case "piece":
            piece = get_object_or_404(things.pieces, pk=number)
            return piece.name, piece.digest, action
        case "log":
            log = get_object_or_404(things.logs, pk=number)
            return log.source, log.digest, action
        case "absence":
            row = get_object_or_404(things.attendances.exclude(absence_file=""), pk=number)
            return row.absence_file_name, row.absence_file, row.participant.member.as_reference()
        case "dossier":
            dossier = get_object_or_404(_dossiers(things.action), pk=number)
            return f"{things.action.reference}.zip", dossier.digest, action
        case _:
            raise Http404


def _entry(audit: Audit, action: str, number: int) -> Entry:
    """A fact of the action, or of one of its people; 404 for all others."""
    things = _things(audit, action)
    found = next((row for part in things.entries() for row in part.filter(pk=number)), None)
    if found is None:
        raise Http404
    return found


@require_GET
@in_room
def audit_entry(request: HttpRequest, audit: Audit, action: str, entry: int) -> HttpResponse:
    """One fact with its proof."""
    found = _entry(audit, action, entry)
    note(audit, Reference("entry", str(found.pk), _("fact %(number)s") % {"number": found.pk}))
    proof = reverse("audit_proof", args=[request.audit_token, action, entry])  # type: ignore[attr-defined]
    return _render(request, "evidence/room_entry.html", audit, shown=shown(found), proof=proof)


@require_GET
@in_room
def audit_proof(request: HttpRequest, audit: Audit, action: str, entry: int) -> HttpResponse:
    """The proof as a file."""
    return proof_response(_entry(audit, action, entry), name=f"entry-{entry}-proof.json")
