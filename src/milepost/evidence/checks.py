"""What an inspector compares first across the papers of an action: who made the agreement, and one title."""

from collections.abc import Callable, Iterator, Mapping

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from milepost.documents.kinds import VALUES
from milepost.evidence.models import TrainingAction
from milepost.people.contributions import Actor, Finding, Scope, State, contributions

OUR_SIDE = {
    "organisation_address": "postal_address",
    "registration": "registration_number",
    "representative": "certifier_name",
    "capacity": "certifier_quality",
}
THEIR_SIDE = (
    *("client", "client_address", "client_registration", "client_representative", "client_capacity"),
    *("objectives", "price"),
)


def action_of(scope: Scope) -> TrainingAction:
    """The action itself, read once."""
    rows = TrainingAction.objects.select_related("organisation", "course")
    return scope.once("evidence: action", lambda: rows.get(uid=scope.uid))


def _parties(scope: Scope) -> Iterator[Finding]:
    """An agreement names both parties with address, number, representative and capacity, and the price (L6353-1, D6353-1)."""
    action = action_of(scope)
    sides = (
        (
            "our-side",
            _("Our side of the agreement"),
            [name for name, column in OUR_SIDE.items() if not getattr(action.organisation, column)],
            reverse("organisation_settings", args=[scope.organisation.slug]) + "#identity",
        ),
        (
            "their-side",
            _("The other party of the agreement"),
            [name for name in THEIR_SIDE if not getattr(action, name)],
            reverse("action_details", args=[scope.organisation.slug, scope.uid]),
        ),
    )
    for key, label, missing, link in sides:
        if missing:
            names = ", ".join(str(VALUES[name]) for name in missing)
            words = _("Missing: %(names)s. Type it on the page that “See” opens.") % {"names": names}
            yield Finding(key, label, State.MISSING, capfirst(words), Actor.LEAD, link=link)
        else:
            yield Finding(key, label, State.READY, _("Everything is known."), ready=1)


def _titles(scope: Scope) -> Iterator[Finding]:
    """A title that differs between papers cost a training body its funding (CAA Nantes, 2021): of every paper of every room."""
    label = _("One title everywhere")
    papers = [paper for contribution in contributions.all() for paper in contribution.titles(scope)]
    others = [paper for paper in papers if paper.title != scope.title]
    if others:
        words = _("The action is called “%(title)s”, %(paper)s “%(other)s”.")
        names = {"title": scope.title, "paper": others[0].paper, "other": others[0].title}
        told = words % names
        if (count := len({(paper.paper, paper.title) for paper in others})) > 1:
            told += " " + _("%(count)d papers say something else.") % {"count": count}
        yield Finding("titles", label, State.INCONSISTENT, told, Actor.LEAD, link=others[0].link)
    else:
        words = _("All %(count)d papers agree.") % {"count": len(papers)} if papers else _("There is no paper yet.")
        yield Finding("titles", label, State.READY, words, ready=1)


CHECKS: Mapping[str, Callable[[Scope], Iterator[Finding]]] = {
    "parties": _parties,
    "titles": _titles,
}
