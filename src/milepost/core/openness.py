"""Who may open an address that lies outside of every organisation: each view says so, and why.

    @open_to(Whom.EVERYBODY, "shows what a certificate says to whoever holds its code")
    def verify(request): ...

Under an organisation a view says who it is for by a permission (`milepost.people.access.requires`). A view that says neither is opened
by nobody: the middleware refuses it (`milepost.people.access.OrganisationMiddleware`), and a test walks all of them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver


class Whom(Enum):
    """What somebody must show."""

    EVERYBODY = "nothing"
    LINK = "a personal link: 128 bits that only this server makes"
    ACCOUNT = "that they are signed in"


@dataclass(frozen=True)
class Openness:
    """Whom an address lets in, and why that is right."""

    whom: Whom
    because: str


def open_to[F: Callable[..., Any]](whom: Whom, because: str) -> Callable[[F], F]:
    """Say of a view who may open it. It promises nothing that the view itself doesn't hold: the walk of all addresses tries it."""

    def say(view: F) -> F:
        view.openness = Openness(whom, because)  # type: ignore[attr-defined]
        return view

    return say


def is_declared(view: Callable[..., Any]) -> bool:
    """Whether the view says who may open it, in one way or the other."""
    return hasattr(view, "is_for") or hasattr(view, "openness")


def declare(patterns: Iterable[Any], opennesses: Mapping[str, Openness]) -> None:
    """Say it for the views of somebody else's package, by the names of their addresses. Raises for a name that is not in the table.

    So an address that a new release of the package brings is noticed at the first start.
    """
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            declare(pattern.url_patterns, opennesses)
        elif isinstance(pattern, URLPattern):
            if pattern.name not in opennesses:
                raise ImproperlyConfigured(f"Nobody has said who may open the address {pattern.name}.")
            openness = opennesses[str(pattern.name)]
            open_to(openness.whom, openness.because)(pattern.callback)
