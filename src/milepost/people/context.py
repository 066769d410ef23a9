"""Who looks at a page, what they may do, the organisation's look and the menus: for the templates of all rooms."""

from dataclasses import dataclass

from django.http import HttpRequest

from milepost.design.navigation import Menus, address
from milepost.people.models import Member, Organisation
from milepost.people.permissions import Abilities
from milepost.people.session_ends import is_shared


@dataclass(frozen=True)
class Brand:
    """How an organisation looks, as addresses that a browser may keep for ever; and whether it is for demonstration."""

    name: str
    stylesheet: str
    logo: str  # empty when there is none
    is_demonstration: bool

    @classmethod
    def of(cls, organisation: Organisation) -> "Brand":
        """The look of the organisation as it is now."""
        args = (organisation.slug, organisation.brand_fingerprint)
        logo = address("logo", args) if organisation.logo else ""
        return cls(organisation.name, address("brand", args), logo, organisation.is_demonstration)


def shell(request: HttpRequest) -> dict[str, object]:
    """For every template: `member`, `organisation`, `brand`, `home`, `can`, `is_shared` (the computer) and `menus`."""
    member: Member | None = getattr(request, "member", None)
    organisation: Organisation | None = getattr(request, "organisation", None)
    slug = organisation.slug if organisation else None

    # Lazy, since the player shows neither: a page without them does not ask for the person's grants.
    can = Abilities(member) if member else None

    def allows(permission: str) -> bool:
        return can is not None and can[permission]

    return {
        "member": member,
        "organisation": organisation,
        "brand": Brand.of(organisation) if organisation else None,
        "home": organisation.home if organisation else "/",
        "can": can,
        "is_shared": member is not None and is_shared(request.session),
        "menus": Menus(path=request.path, organisation=slug, allows=allows),
    }
