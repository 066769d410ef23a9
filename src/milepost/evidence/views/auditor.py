"""The audit room: what somebody from outside reads by a personal link. They change nothing, and all they open is noted."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from milepost.core.codes import hinted
from milepost.core.cookies import LANGUAGE
from milepost.core.http import blob_download
from milepost.core.links import BrokenLink
from milepost.core.openness import Whom, open_to
from milepost.core.paging import page_of
from milepost.core.queries import text_of
from milepost.core.refusals import as_message
from milepost.evidence.auditing import BROWSERS, audit_of, identify, note, send_code
from milepost.evidence.contributions import entries, entry_numbers, scope_of, story
from milepost.evidence.exploring import page_of as history_page
from milepost.evidence.exploring import shown
from milepost.evidence.facts import AUDITOR_EXPORTED, AUDITOR_VIEWED
from milepost.evidence.files import listed_files, opened_file
from milepost.evidence.models import Audit, TrainingAction
from milepost.evidence.readiness import readiness_of
from milepost.evidence.standings import standings
from milepost.journal.models import Entry
from milepost.journal.recording import Reference
from milepost.journal.views import proof_response
from milepost.people.limits import refuse_over_limit

View = Callable[..., HttpResponseBase]


def in_room(view: View) -> View:
    """Let the auditor in whose link it is, while the audit is open, once this browser typed the code."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, **more: Any) -> HttpResponseBase:
        audit = _entered(request, token)
        if not audit.is_open or not BROWSERS.knows(request, audit.uid):
            return redirect("audit_room", token)
        return view(request, audit, **more)

    return open_to(Whom.LINK, "the link of an audit, and the code that was sent to the auditor")(guarded)


def _entered(request: HttpRequest, token: str) -> Audit:
    audit = audit_of(token)
    if audit is None:
        raise BrokenLink
    if not LANGUAGE.of(request):
        translation.activate(audit.language)
        request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
    timezone.activate(audit.organisation.time_zone)
    request.audit_token = token  # type: ignore[attr-defined]
    return audit


def _render(request: HttpRequest, template: str, audit: Audit, **context: Any) -> HttpResponse:
    token: str = request.audit_token  # type: ignore[attr-defined]
    return render(
        request, template, {"audit": audit, "organisation_shown": audit.organisation, "token": token, **context}
    )


@open_to(Whom.LINK, "where the code of an audit is asked for")
@require_http_methods(["GET", "POST"])
def audit_room(request: HttpRequest, token: str) -> HttpResponseBase:
    """The way in, and then the actions that the audit covers."""
    audit = _entered(request, token)
    if not audit.is_open:
        # Who invited them is in their mail already; whoever has left is no contact.
        by = audit.created_by
        contact = by.full_name if by and not by.has_left else _("your contact")
        return _render(request, "evidence/room_closed.html", audit, contact=contact)
    if request.method == "POST":
        return _identify(request, audit, token)
    if not BROWSERS.knows(request, audit.uid):
        return _entrance(request, audit)
    text = text_of(request.GET, "q")
    rows = audit.scope.filter(title__icontains=text) if text else audit.scope
    return _render(
        request, "evidence/room.html", audit, page=page_of(request, rows.order_by("-starts_on", "-pk")), text=text
    )


def _entrance(request: HttpRequest, audit: Audit, problem: str = "") -> HttpResponse:
    """Where the code is asked for, with what is wrong with one that was typed."""
    page = _render(request, "evidence/room_entrance.html", audit, hint=hinted(audit.email), problem=problem)
    page.status_code = 400 if problem else 200
    return page


def _identify(request: HttpRequest, audit: Audit, token: str) -> HttpResponseBase:
    response = redirect("audit_room", token)
    typed = "".join(character for character in request.POST.get("code", "")[:20] if character.isdigit())
    with as_message(request):
        refuse_over_limit(request, "audit-code", link=audit.uid, organisation=audit.organisation_id)
        if "code" not in request.POST:
            send_code(audit=audit)
            words = _("A code of six digits is on its way to %(email)s.")
            messages.success(request, words % {"email": hinted(audit.email)})
        elif problem := identify(audit=audit, code=typed):
            return _entrance(request, audit, problem)
        else:
            BROWSERS.remember(response, audit.uid, path=reverse("audit_room", args=[token]))
    return response


# --- What can be read -------------------------------------------------------------------------------------


def _action(audit: Audit, uid: str) -> TrainingAction:
    return get_object_or_404(audit.scope.select_related("organisation", "course"), uid=uid)


@require_GET
@in_room
def audit_action(request: HttpRequest, audit: Audit, action: str) -> HttpResponse:
    """One action: what the profile wants, what is there, its files and its history."""
    training_action = _action(audit, action)
    scope = scope_of(training_action)
    note(audit, training_action, scope.reference)
    return _render(
        request,
        "evidence/room_action.html",
        audit,
        action=training_action,
        readiness=readiness_of(training_action),
        files=listed_files(scope),
        people=scope.members.count(),
        history=history_page(story(scope), request.GET, training_action),
        prefix=_prefix(request, training_action),
    )


@require_GET
@in_room
def audit_people(request: HttpRequest, audit: Audit, action: str) -> HttpResponse:
    """Everybody in the action, with what there is of each."""
    training_action = _action(audit, action)
    scope, text = scope_of(training_action), text_of(request.GET, "q")
    page = page_of(request, scope.members.matching(text) if text else scope.members)
    note(audit, training_action, scope.reference, page="people")
    table = standings(scope, page.object_list)
    return _render(
        request, "evidence/room_people.html", audit, action=training_action, page=page, text=text, table=table
    )


@require_GET
@in_room
def audit_person(request: HttpRequest, audit: Audit, action: str, person: str) -> HttpResponse:
    """One person in the action."""
    training_action = _action(audit, action)
    member = get_object_or_404(training_action.members, uid=person)
    scope = scope_of(training_action, member)
    note(audit, training_action, member.as_reference())
    facts = Entry.objects.filter(pk__in=entry_numbers(scope)).order_by("-id")
    return _render(
        request,
        "evidence/room_person.html",
        audit,
        action=training_action,
        person=member,
        files=listed_files(scope),
        readiness=readiness_of(training_action, member),
        history=history_page(facts, request.GET, member),
        prefix=_prefix(request, training_action),
    )


def _prefix(request: HttpRequest, action: TrainingAction) -> str:
    return reverse("audit_action", args=[request.audit_token, action.uid]) + "journal/"  # type: ignore[attr-defined]


@require_GET
@in_room
def audit_file(request: HttpRequest, audit: Audit, action: str, kind: str, number: int) -> HttpResponseBase:
    """A file of the action."""
    training_action = _action(audit, action)
    file = opened_file(scope_of(training_action), kind, number)
    fact_type = AUDITOR_EXPORTED if file.is_export else AUDITOR_VIEWED
    note(audit, training_action, file.reference, fact_type=fact_type, file=file.title, sha256=file.digest)
    return blob_download(audit.organisation.uid, file.digest, name=file.name)


def _entry(action: TrainingAction, number: int) -> Entry:
    """A fact of the action, or of one of its people; 404 for all others."""
    for part in entries(scope_of(action)):
        if entry := part.filter(pk=number).first():
            return entry
    raise Http404


@require_GET
@in_room
def audit_entry(request: HttpRequest, audit: Audit, action: str, entry: int) -> HttpResponse:
    """One fact with its proof."""
    training_action = _action(audit, action)
    fact = _entry(training_action, entry)
    leaf = bytes(fact.leaf).hex()
    note(audit, training_action, Reference("entry", leaf, _("fact %(fingerprint)s") % {"fingerprint": leaf[:16]}))
    proof = reverse("audit_proof", args=[request.audit_token, action, entry])  # type: ignore[attr-defined]
    return _render(request, "evidence/room_entry.html", audit, shown=shown(fact), proof=proof)


@require_GET
@in_room
def audit_proof(request: HttpRequest, audit: Audit, action: str, entry: int) -> HttpResponse:
    """The proof as a file."""
    fact = _entry(_action(audit, action), entry)
    return proof_response(fact, name=fact.proof_name)
