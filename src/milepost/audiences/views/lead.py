"""Pages for whoever looks after audiences: the list, the builder, one audience, one person in it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from milepost.audiences import saving
from milepost.audiences.explaining import explain
from milepost.audiences.forms import MODES, AudienceForm, Builder, audience_form
from milepost.audiences.models import Audience
from milepost.audiences.permissions import MANAGE_AUDIENCES, SEE_AUDIENCES
from milepost.audiences.queries import moves_of, people_of, sample_of
from milepost.audiences.reasons import in_words
from milepost.audiences.rules import Rule, conditions_in_words, fitting, told
from milepost.audiences.sight import Sight
from milepost.core import clock, once
from milepost.core.paging import page_of
from milepost.core.queries import key_of, text_of, uuid_of
from milepost.core.refusals import Refused, add_to_form, as_message
from milepost.design.offers import offer_undo
from milepost.people.access import OrganisationRequest, requires
from milepost.people.permissions import may

FOUND = 10  # people of whom it is asked why


@require_GET
@requires(SEE_AUDIENCES)
def audiences(request: OrganisationRequest) -> HttpResponse:
    """Every audience that one may see, with how many are in it."""
    is_archive = request.GET.get("archived") == "1"
    there = Audience.objects.filter(organisation=request.organisation, archived_at__isnull=not is_archive)
    sight = Sight(request.member)
    page = page_of(request, sight.only(there))
    rows = [(one, conditions_in_words(one.audience.rule)) for one in sight.counted(page.object_list)]
    context = {
        "page": page,
        "rows": rows,
        "is_archive": is_archive,
        "has_archive": Audience.objects.filter(organisation=request.organisation, archived_at__isnull=False).exists(),
    }
    return render(request, "audiences/audiences.html", context)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_AUDIENCES)
def new_audience(request: OrganisationRequest) -> HttpResponseBase:
    """Build a rule, see whom it means, and keep it. Nothing is kept until *Save*."""
    return _builder_page(request, None)


@require_http_methods(["GET", "POST"])
@requires(MANAGE_AUDIENCES)
def audience_rule(request: OrganisationRequest, audience: str) -> HttpResponseBase:
    """Change the rule of an audience, its name or its time."""
    return _builder_page(request, _audience(request, audience, to_change=True))


def _builder_page(request: OrganisationRequest, audience: Audience | None) -> HttpResponseBase:
    usable = Sight(request.member).usable()
    said = text_of(request.POST, "do")
    is_saved = request.method == "POST" and said == "save"
    if request.method == "POST":
        builder = Builder.sent(request.organisation, usable, request.POST)
        builder.do(said, request.POST)
    else:
        builder = Builder.of(request.organisation, usable, audience.rule if audience else {"all": []})
    form = audience_form(audience, request.POST if is_saved else None)
    if request.method == "POST" and not is_saved:
        form.initial = {name: text_of(request.POST, name) for name in form.fields}
    if is_saved:
        rule = builder.rule(tells=True)
        if form.is_valid() and rule is not None and (kept := _save(request, audience, form, rule)):
            messages.success(request, _("Saved. Who is in it is known in a moment."))
            return redirect("audience", request.organisation.slug, kept.uid)
    rule, left_out = builder.so_far()
    members = fitting(request.organisation, rule, clock.today(request.organisation.time_zone))
    context = {
        "audience": audience,
        "form": form,
        "builder": builder,
        "modes": list(MODES.items()),
        "choices": [(condition.name, condition.label) for condition in usable],
        "count": members.count(),
        "sample": sample_of(members),
        "left_out": left_out,
    }
    return render(request, "audiences/rule.html", context, status=400 if is_saved else 200)


def _save(request: OrganisationRequest, audience: Audience | None, form: AudienceForm, rule: Rule) -> Audience | None:
    said: dict[str, Any] = {**form.cleaned_data, "rule": rule, "by": request.member}
    try:
        if audience is not None:
            return saving.change_audience(audience=audience, **said)
        return saving.make_audience(organisation=request.organisation, key=once.key_of(request.POST), **said)
    except Refused as refused:
        add_to_form(refused, form)
        return None


@require_GET
@requires(SEE_AUDIENCES)
def audience(request: OrganisationRequest, audience: str) -> HttpResponse:
    """One audience: its rule, who is in it, who came and went, and why somebody is in or not."""
    row, sight = _audience(request, audience), Sight(request.member)
    reach, text = sight.people(row), text_of(request.GET, "q")
    context = {
        "audience": row,
        "may_change": may(request.member, MANAGE_AUDIENCES) and sight.may_change(row),
        "size": sight.counted([row])[0].size,
        "rule": told(request.organisation, row.rule),
        "people": people_of(row, reach, after=uuid_of(request.GET, "after")),
        "is_further": "after" in request.GET,
        "entered": _in_words(moves_of(row, reach, what="entered", size=5).rows),
        "left": _in_words(moves_of(row, reach, what="left", size=5).rows),
        "text": text,
        "found": list(reach.active().matching(text).select_related("site")[:FOUND]) if text.strip() else [],
    }
    return render(request, "audiences/audience.html", context)


def _in_words(rows: Any) -> list[tuple[Any, str, str]]:
    return [(row, in_words(row.entered_why), in_words(row.left_why)) for row in rows]


@require_GET
@requires(SEE_AUDIENCES)
def audience_moves(request: OrganisationRequest, audience: str) -> HttpResponse:
    """Who entered, or who left, the newest first, when and why."""
    row = _audience(request, audience)
    what = "left" if request.GET.get("what") == "left" else "entered"
    moves = moves_of(row, Sight(request.member).people(row), what=what, after=key_of(request.GET, "after"))
    context = {"audience": row, "what": what, "moves": _in_words(moves.rows), "after": moves.after}
    return render(request, "audiences/moves.html", context)


@require_GET
@requires(SEE_AUDIENCES)
def audience_person(request: OrganisationRequest, audience: str, member: str) -> HttpResponse:
    """Why somebody is in the audience, or is not."""
    row = _audience(request, audience)
    person = get_object_or_404(Sight(request.member).people(row).select_related("organisation"), uid=member)
    context = {"audience": row, "person": person, "why": explain(audience=row, member=person)}
    return render(request, "audiences/person.html", context)


@require_POST
@requires(MANAGE_AUDIENCES)
def audience_archiving(request: OrganisationRequest, audience: str) -> HttpResponseBase:
    """Put it away."""
    row = _audience(request, audience, to_change=True)
    with as_message(request):
        saving.archive_audience(audience=row, by=request.member)
        url = reverse("audience_restoring", args=[request.organisation.slug, row.uid])
        offer_undo(request, _("“%(name)s” was archived.") % {"name": row.name}, url=url, count=1)
    return redirect("audiences", request.organisation.slug)


@require_POST
@requires(MANAGE_AUDIENCES)
def audience_restoring(request: OrganisationRequest, audience: str) -> HttpResponseBase:
    """Bring it back."""
    row = _audience(request, audience, to_change=True)
    with as_message(request):
        saving.restore_audience(audience=row, by=request.member)
        messages.success(request, _("“%(name)s” is back.") % {"name": row.name})
    return redirect("audience", request.organisation.slug, row.uid)


def _audience(request: OrganisationRequest, uid: str, *, to_change: bool = False) -> Audience:
    rows = Audience.objects.filter(organisation=request.organisation).select_related("organisation")
    audience = get_object_or_404(rows, uid=uid)
    sight = Sight(request.member)
    if not sight.sees(audience) or (to_change and not sight.may_change(audience)):
        raise Http404
    return audience
