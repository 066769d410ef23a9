"""Pages for HR and whoever looks after people: the list, a person, invitations."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from milepost.core import clock, once
from milepost.core.paging import page_of
from milepost.core.queries import uuid_of
from milepost.core.refusals import as_message
from milepost.journal.models import Entry
from milepost.journal.queries import timeline
from milepost.people import second_factor
from milepost.people.access import OrganisationRequest, requires
from milepost.people.confirming import confirmed
from milepost.people.filters import Chosen, PeopleFilter
from milepost.people.forms import AbsenceForm, GrantForm, LeavingForm
from milepost.people.inviting import invite_in_bulk
from milepost.people.models import FactorReset, Member, MemberQuerySet, Merge
from milepost.people.permissions import (
    MANAGE_PEOPLE,
    MANAGE_ROLES,
    SEE_PEOPLE,
    Abilities,
    may,
    sees_everybody,
    visible,
)
from milepost.people.queries import as_held, scopes_to_give
from milepost.people.sections import sections_of
from milepost.people.sessions import end_of_person
from milepost.people.standing import stretches_of
from milepost.people.views.office import after_act

KEPT_ABSENCES = 5  # of those that are over, as many as anybody looks back at


@require_GET
@requires(SEE_PEOPLE)
def people(request: OrganisationRequest) -> HttpResponse:
    """Everybody within one's scope, found by name, site, department, seniority and role."""
    chosen = PeopleFilter(request.member, SEE_PEOPLE, request.GET)
    members = chosen.members().select_related("site", "department").with_roles().with_absence()
    context = {
        "chosen": chosen,
        "page": page_of(request, members),
        "total": chosen.reach.active().count(),
        "new": Chosen.of(_to_invite(request, request.GET) if chosen.status == "active" else Member.objects.none()),
    }
    return render(request, "people/people.html", context)


def _to_invite(request: OrganisationRequest, query: QueryDict) -> MemberQuerySet:
    """Whom an invitation of everybody whom these filters show goes to: who has an address and has not joined."""
    if not may(request.member, MANAGE_PEOPLE):
        return Member.objects.none()
    chosen = PeopleFilter(request.member, MANAGE_PEOPLE, query)
    return chosen.members().filter(user=None, declined_at=None).exclude(email=None)


def person_for(request: OrganisationRequest, member: str) -> Member:
    """The person, within the scope of whoever looks; 404 beyond it."""
    members = visible(request.member, SEE_PEOPLE).with_roles()
    return get_object_or_404(
        members.select_related("organisation", "site", "department", "manager", "user"), uid=member
    )


@require_GET
@requires(SEE_PEOPLE)
def person(request: OrganisationRequest, member: str) -> HttpResponse:
    """One person: who they are, what they do, their roles, and what happened."""
    return person_page(request, person_for(request, member))


def person_page(request: OrganisationRequest, person: Member, form: GrantForm | None = None) -> HttpResponse:
    """The person's page; with the `form` of a role that could not be given, what was wrong with it."""
    merges = list(_merges_of(person))
    team = visible(request.member, SEE_PEOPLE).active().filter(manager=person)
    context = {
        "person": person,
        "can": Abilities(request.member, person),
        "sections": sections_of(person),
        "team": team.order_by("family_name", "given_name")[:12],
        "team_size": team.count(),
        "entries": _history(request, person)[:12],
        "leaving": LeavingForm(initial={"left_on": clock.today(request.organisation.time_zone)}),
        "held": as_held(person.grants),
        "absences": _absences_of(person),
        "earlier": [(merge, sections_of(merge.earlier)) for merge in merges],
        "stretches": stretches_of(person, uids=[str(merge.earlier.uid) for merge in merges]),
        "merge": Merge.objects.filter(earlier=person).select_related("stays").first(),
    }
    if may(request.member, MANAGE_ROLES, person):
        context["may_reset"] = second_factor.has_one(person.user_id) and second_factor.may_reset(request.member, person)
        context["reset"] = FactorReset.objects.filter(user=person.user_id).first() if context["may_reset"] else None
        context |= {"form": form or GrantForm(), "names": scopes_to_give(request.member)}
    return render(request, "people/person.html", context, status=400 if form else 200)


def _absences_of(person: Member) -> dict[str, Any]:
    """Their long absences: the last that is over, and those of today and to come, each with its form."""
    today = clock.today(person.organisation.time_zone)
    noted = list(person.absences.all())
    return {
        "open": [
            {"absence": one, "form": AbsenceForm.of(one), "is_on": one.has_begun(today)}
            for one in noted
            if not one.is_over(today)
        ],
        "over": [one for one in noted if one.is_over(today)][-KEPT_ABSENCES:],
        "form": AbsenceForm(),
    }


def _history(request: OrganisationRequest, person: Member) -> QuerySet[Entry]:
    """What happened to the person and what they did; in an office only for whoever sees everybody whom that concerned."""
    in_office = sees_everybody(request.member, SEE_PEOPLE)
    uids = [str(person.uid), *(str(merge.earlier.uid) for merge in _merges_of(person))]
    return timeline(request.organisation.pk, *uids, in_office=in_office)


def _merges_of(person: Member) -> QuerySet[Merge]:
    return person.merges.select_related("earlier__organisation", "by")


@require_GET
@requires(SEE_PEOPLE)
def history(request: OrganisationRequest, member: str) -> HttpResponse:
    """Everything in the journal about one person."""
    person = person_for(request, member)
    page = page_of(request, _history(request, person))
    return render(request, "people/history.html", {"person": person, "page": page})


@require_POST
@requires(MANAGE_PEOPLE)
@confirmed
def signing_out(request: OrganisationRequest, member: str) -> HttpResponseBase:
    """End all sessions of somebody whose computer or telephone was lost."""
    people = visible(request.member, MANAGE_PEOPLE).select_related("organisation", "user")
    person = get_object_or_404(people, uid=member)
    with as_message(request):
        end_of_person(member=person, by=request.member)
        messages.success(request, _("%(person)s is signed out everywhere.") % {"person": person})
    return redirect("person", request.organisation.slug, person.uid)


@require_POST
@requires(MANAGE_PEOPLE)
def invitations(request: OrganisationRequest) -> HttpResponseBase:
    """Invite one person, or everybody whom the filters show and who has not joined."""
    if "member" in request.POST:
        uid = uuid_of(request.POST, "member")
        person = get_object_or_404(visible(request.member, MANAGE_PEOPLE), uid=uid)
        members, then = Member.objects.filter(pk=person.pk), reverse("person", args=[request.organisation.slug, uid])
    else:
        PeopleFilter(request.member, MANAGE_PEOPLE, request.POST).shown()
        members, then = _to_invite(request, request.POST), reverse("people", args=[request.organisation.slug])
    return after_act(
        request,
        invite_in_bulk(members=members, by=request.member, key=once.key_of(request.POST)),
        done=lambda count: ngettext(
            "An invitation is on its way to %(count)d person.",
            "Invitations are on their way to %(count)d people.",
            count,
        ),
        nobody=_("Nobody to invite: they have joined already, or have no address."),
        then=then,
    )
