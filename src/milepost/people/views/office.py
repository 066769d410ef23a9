"""Pages for whoever does things to many people at once: what was done, to whom, and undoing it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from milepost.core.paging import page_of
from milepost.core.refusals import as_message
from milepost.design.offers import offer_undo
from milepost.people import undoing
from milepost.people.access import OrganisationRequest, member_required
from milepost.people.bulk_acts import BulkKind, bulk_kinds
from milepost.people.models import BulkAct, BulkActPerson
from milepost.people.undoing import KEPT_FOR, OUT_OF_REACH, UNDONE, may_undo_any, reach_of, undoable_by


@require_GET
@member_required
def bulk_acts(request: OrganisationRequest) -> HttpResponse:
    """What was done to many people at once in the last month, the newest first."""
    if not may_undo_any(request.member):
        raise PermissionDenied
    page = page_of(request, undoable_by(request.member).select_related("by", "undone_by"))
    rows = [{"act": act, "title": bulk_kinds.get(act.kind).title(act), "until": act.at + KEPT_FOR} for act in page]
    return render(request, "people/bulk_acts.html", {"page": page, "rows": rows})


@require_GET
@member_required
def bulk_act(request: OrganisationRequest, act: str) -> HttpResponse:
    """One such act: to whom it was done, whether it can be undone, and once it was, who kept it and why."""
    shown = _act(request, act)
    kind = bulk_kinds.get(shown.kind)
    people = shown.people.filter(member__in=reach_of(request.member, shown)).select_related("member__site")
    page = page_of(request, people.annotate(is_undone=Q(outcome=UNDONE)).order_by("is_undone", "pk"))
    context = {
        "act": shown,
        "title": kind.title(shown),
        "explains": kind.explains,
        "until": shown.at + KEPT_FOR,
        "page": page,
        "rows": _rows(kind, shown, list(page)),
        "done": shown.people.exclude(outcome="").count() if shown.is_being_undone else shown.looked_at,
    }
    return render(request, "people/bulk_act.html", context)


def _act(request: OrganisationRequest, uid: str) -> BulkAct:
    return get_object_or_404(undoable_by(request.member).select_related("by", "undone_by"), uid=uid)


def _rows(kind: BulkKind, act: BulkAct, people: list[BulkActPerson]) -> list[dict[str, Any]]:
    """Each person with how they stand: what became of them, or what would if it were undone now."""
    waiting = [person for person in people if not person.outcome]
    now = kind.kept(act, waiting) if waiting else {}
    return [{"person": person, **_standing(kind, person.outcome or now.get(person.pk, ""))} for person in people]


def _standing(kind: BulkKind, outcome: str) -> dict[str, object]:
    if outcome in ("", UNDONE):
        return {"words": _("undone") if outcome else "", "is_kept": False}
    words = _("beyond your part of the organisation") if outcome == OUT_OF_REACH else kind.reasons[outcome]
    return {"words": words, "is_kept": True}


@require_POST
@member_required
def undo(request: OrganisationRequest, act: str) -> HttpResponseBase:
    """Undo it, for those who did not go on from it."""
    chosen = _act(request, act)
    with as_message(request):
        undone = undoing.undo(act=chosen, by=request.member)
        if undone.undone_at is None:
            messages.info(request, _("It is being undone. This page shows how far it is; you may leave it."))
        else:
            messages.success(request, _outcome(undone))
    return redirect("bulk_act", request.organisation.slug, chosen.uid)


def _outcome(act: BulkAct) -> str:
    words = ngettext(
        "Undone for %(taken_back)d of %(count)d person.", "Undone for %(taken_back)d of %(count)d people.", act.count
    )
    return words % {"taken_back": act.taken_back, "count": act.count}


def after_act(
    request: OrganisationRequest, act: BulkAct | None, *, done: Callable[[int], str], nobody: str, then: str
) -> HttpResponseBase:
    """Lead to the page `then`, which says that it was done to so many, and offers to undo it, or that it was to `nobody`.

    Where it is done in the background, to the page that shows how far it is.
    """
    if act is None:
        messages.info(request, nobody)
    elif act.is_being_done:
        return redirect("bulk_act", request.organisation.slug, act.uid)
    else:
        url = reverse("undo", args=[request.organisation.slug, act.uid])
        offer_undo(request, done(act.count) % {"count": act.count}, url=url, count=act.count)
    return redirect(then)
