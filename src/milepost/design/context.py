"""What every page's shell needs and no room brings: the languages to choose from."""

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, object]:
    """The languages, for the base template. Who looks, and the menus, come from `people.context`."""
    return {"languages": settings.LANGUAGES}
