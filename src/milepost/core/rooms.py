"""What makes an app a room: Milepost finds what it brings in its own folder.

    class GreenhouseConfig(Room):      # apps.py; its name in INSTALLED_APPS is all that others know of it
        name = "milepost.greenhouse"

`registered.py` hangs on the seams what the room brings, in one function `register()`, called once when Django starts.
`urls.py` has `urlpatterns`, the addresses under an organisation, and `public_urlpatterns`, those outside of any.
"""

from importlib import import_module
from types import ModuleType
from typing import Any

from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule


class Room(AppConfig):
    """A room of Milepost, or of whoever adds one."""

    default = False  # an apps.py holds this class too: Django is to take the one that is made from it

    def __init_subclass__(cls) -> None:
        cls.default = True

    def ready(self) -> None:
        """Hang what the room brings on the seams."""
        if registered := self._module("registered"):
            registered.register()

    @property
    def addresses(self) -> list[Any]:
        """Its addresses under an organisation."""
        return list(getattr(self._module("urls"), "urlpatterns", []))

    @property
    def public_addresses(self) -> list[Any]:
        """Its addresses outside of any organisation."""
        return list(getattr(self._module("urls"), "public_urlpatterns", []))

    def _module(self, name: str) -> ModuleType | None:
        assert self.module is not None  # noqa: S101 (Django has imported it)
        return import_module(f"{self.name}.{name}") if module_has_submodule(self.module, name) else None


def rooms() -> list[Room]:
    """Every room, lowest floor first: the order of INSTALLED_APPS."""
    return [config for config in apps.get_app_configs() if isinstance(config, Room)]
