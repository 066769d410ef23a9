"""What every page's shell needs: the navigation of the person who looks, and the languages."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from milepost.people.models import Member
from milepost.people.roles import Capability


@dataclass(frozen=True)
class Place:
    """A place in the navigation: where it leads, who may go, and which pages belong to it."""

    label: str | Promise
    path: str
    capability: Capability | None = None
    more: tuple[str, ...] = ()  # other paths that belong to it

    def is_here(self, rest: str) -> bool:
        """Whether the page at `rest` (the path after the organisation) belongs to this place."""
        return rest == self.path or rest.startswith(tuple(filter(None, (self.path, *self.more))))


PLACES = (
    Place(_("My learning"), ""),
    Place(_("Catalogue"), "catalogue/"),
    Place(_("Sessions"), "sessions/"),
    Place(_("Certificates"), "certificates/"),
    Place(_("Courses"), "courses/", Capability.SEE_COURSES),
    Place(_("Documents"), "documents/", Capability.MANAGE_DOCUMENTS),
    Place(_("Evidence"), "actions/", Capability.SEE_EVIDENCE, ("journal/", "audits/")),
    Place(_("People"), "people/", Capability.SEE_PEOPLE),
)


def shell(request: HttpRequest) -> dict[str, object]:
    """The navigation and the languages, for the base template."""
    member: Member | None = getattr(request, "member", None)
    shown: dict[str, object] = {
        "languages": settings.LANGUAGES,
        "has_outbox": settings.OUTBOX is not None,
        "member": member,
        "organisation": getattr(request, "organisation", None),
    }
    if member is not None:
        slug = member.organisation.slug
        rest = request.path.removeprefix(f"/{slug}/")
        # Lazy, since the player shows neither: a page without them does not ask for the person's roles.
        shown["places"] = SimpleLazyObject(lambda: _places(member, slug, rest))
        shown["can"] = SimpleLazyObject(lambda: {capability.value: member.can(capability) for capability in Capability})
    return shown


def _places(member: Member, slug: str, rest: str) -> list[dict[str, object]]:
    return [
        {"label": place.label, "url": f"/{slug}/{place.path}", "is_here": place.is_here(rest)}
        for place in PLACES
        if place.capability is None or member.can(place.capability)
    ]
