"""The menus of every page, filled by the rooms that own the pages behind them.

A room says in its `registered.py` where its pages stand:

    navigation.main.register("catalogue", Link(_("Catalogue"), "catalogue", order=20))
    navigation.main.register("people", Link(_("People"), "people", order=80, permission="see_people"))
    navigation.person.register("my_data", Link(_("My data"), "my_data", order=40, icon="person"))
    navigation.links("course").register("numbers", Link(_("Numbers"), "numbers", order=20, permission="see_results"))

and a template shows a row of tabs with `{% tabs "course" "numbers" label of=course %}`, or takes what others offer next
with `{% links "completion" of=outline as links %}`. Who may see a link is asked
through `allows`, so that this room knows nothing of roles; what is not allowed is not shown, and never only hidden.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.functional import Promise, cached_property

from milepost.core.registry import Registry

type Allows = Callable[[str], bool]  # whether whoever looks has this permission


def _always(_thing: Any) -> bool:
    return True


@dataclass(frozen=True)
class Link:
    """A page's place in a menu: its words, its address, and who is shown it."""

    label: str | Promise
    url_name: str
    order: int  # small stands first
    permission: str = ""  # the name of a permission; empty: everybody
    also: tuple[str, ...] = ()  # paths below the organisation that belong to the same place
    icon: str = ""
    posts: bool = False  # a button that sends a form, since following the link changes something
    is_inside: bool = True  # its address begins with the organisation
    shown: Callable[[Any], bool] = _always  # of the thing that a page is about: whether it has this link


@dataclass(frozen=True)
class Shown:
    """A link as one page shows it."""

    name: str
    label: str | Promise
    url: str
    icon: str
    posts: bool
    is_here: bool


main: Registry[Link] = Registry("place in the navigation")
person: Registry[Link] = Registry("link in the person's menu")
foot: Registry[Link] = Registry("link at the foot of pages for everybody")
_links: dict[str, Registry[Link]] = {}


def links(page: str) -> Registry[Link]:
    """The tabs or further links of one sort of page, by the name that its template asks for."""
    return _links.setdefault(page, Registry(f"link of the page “{page}”"))


def labels() -> dict[str, str | Promise]:
    """What the pages are called to which any menu leads, by the names of their addresses."""
    registries = [main, person, foot, *_links.values()]
    return {link.url_name: link.label for registry in reversed(registries) for link in registry.all()}


class Menus:
    """The menus as one request shows them: `menus.main` in a template asks for nothing until it stands there."""

    def __init__(self, *, path: str, organisation: str | None, allows: Allows) -> None:
        self._path = path
        self._root = f"/{organisation}/"
        self._before = (organisation,) if organisation else ()
        self._allows = allows

    @cached_property
    def main(self) -> list[Shown]:
        """Where the organisation's pages are; nothing outside of one."""
        return self._shown(main) if self._before else []

    @cached_property
    def person(self) -> list[Shown]:
        """What belongs to whoever is signed in."""
        return self._shown(person)

    @cached_property
    def foot(self) -> list[Shown]:
        """What everybody may open, signed in or not."""
        return self._shown(foot)

    def _shown(self, registry: Registry[Link]) -> list[Shown]:
        shown = []
        for name, link in _allowed(registry, self._allows, None):
            if self._before or not link.is_inside:
                url = address(link.url_name, self._before if link.is_inside else ())
                shown.append(Shown(name, link.label, url, link.icon, link.posts, self._is_here(link, url)))
        return shown

    def _is_here(self, link: Link, url: str) -> bool:
        if self._path == url:
            return True
        below = [self._root + path for path in link.also]
        if url != self._root:
            below.append(url)
        return self._path.startswith(tuple(below))


def links_of(page: str, *, thing: Any, before: Sequence[Any], allows: Allows, here: str = "") -> list[Shown]:
    """The links of a page about `thing`, whose addresses begin with `before`; `here` names the one that is open."""
    return [
        Shown(name, link.label, reverse(link.url_name, args=before), link.icon, link.posts, name == here)
        for name, link in _allowed(links(page), allows, thing)
    ]


def address(url_name: str, before: tuple[str, ...]) -> str:
    """The address of a page whose address begins with `before`; each is looked up once in a process.

    Every page shows a dozen of them, and Django searches anew for each: a tenth of the time of a small page.
    """
    return _address(url_name, before, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())


@lru_cache(maxsize=8192)
def _address(url_name: str, before: tuple[str, ...], _urlconf: str, _prefix: str) -> str:
    return reverse(url_name, args=before)


def _allowed(registry: Registry[Link], allows: Allows, thing: Any) -> list[tuple[str, Link]]:
    rows = sorted(registry.items(), key=lambda row: row[1].order)
    return [
        (name, link) for name, link in rows if link.shown(thing) and (not link.permission or allows(link.permission))
    ]
