"""What a profile asks for, and what a room finds of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from milepost.people.contributions.scope import Scope
from milepost.people.models import Member

SHOWN = 20  # people who are named for one piece


def in_language(words: Mapping[str, str]) -> str:
    """The words in the active language, or in English, or in whatever there is."""
    return words.get((get_language() or "")[:2]) or words.get(settings.LANGUAGE_CODE) or next(iter(words.values()))


@dataclass(frozen=True)
class Need:
    """A piece that a profile wants, as its YAML says: `source` is its `from`; `per` is action, session or person."""

    key: str
    label: Mapping[str, str]
    source: str
    per: str = "action"
    kind: str = ""  # of document
    signed: str = ""
    article: str = ""

    @property
    def name(self) -> str:
        """The label in the active language."""
        return in_language(self.label)


class State(StrEnum):
    """What is to be said of a piece."""

    READY = "ready"
    MISSING = "missing"
    UNSIGNED = "unsigned"
    LATE = "late"
    INCONSISTENT = "inconsistent"


class Actor(StrEnum):
    """Who has to do something."""

    NOBODY = ""
    LEAD = "lead"
    TRAINER = "trainer"
    LEARNER = "learner"
    SIGNATORY = "signatory"


@dataclass(frozen=True)
class Finding:
    """A piece, and what is to be said of it. `of` is how many are wanted, `ready` how many are there.

    `link` is the page where one sees it. `remedy` names the one tap that mends it and `target` what that is about: a
    room's own (`Contribution.remedies`), `write` (a kind of document), `file` (add one), or `people` (on their pages).
    """

    key: str
    label: str
    state: State
    words: str
    actor: Actor = Actor.NOBODY
    remedy: str = ""
    target: str = ""
    article: str = ""
    ready: int = 0
    of: int = 1
    link: str = ""

    @property
    def is_ready(self) -> bool:
        return self.state is State.READY


@dataclass(frozen=True)
class Mended:
    """What a remedy did, in words for whoever tapped, and the page to go on with, if not back to the action."""

    words: str
    link: str = ""


@dataclass(frozen=True)
class Remedy:
    """One tap that mends a finding: what the button says, and what it does with the finding's target for whom."""

    label: str | Promise
    icon: str
    mend: Callable[[Scope, str, Member], Mended | None]  # None: there is no such target
    is_irrevocable: bool = False  # whoever taps says once more who they are (`people.confirming`)


def for_each(scope: Scope, need: Need, there: set[int], actor: Actor, **more: Any) -> Finding:
    """A piece of which each person needs one; `there` holds the keys of those who have it. `more` goes into the finding.

    A remedy is done on a person's own page; for all together the finding leads to the people.
    """
    if more.get("remedy") and scope.member is None:
        more |= {"remedy": "people", "target": ""}
    lacking = [person for person in scope.people if person.pk not in there]
    numbers = {"of": max(1, len(scope.people)), "ready": len(scope.people) - len(lacking)}
    base: dict[str, Any] = {"key": need.key, "label": need.name, "article": need.article, **more, **numbers}
    if not scope.people:
        nobody = {"remedy": "", "target": "", "link": ""}
        return Finding(**base | nobody, state=State.MISSING, words=_("Nobody takes part yet."), actor=Actor.LEAD)
    if not lacking:
        return Finding(**base, state=State.READY, words=_("There.") if scope.member else _("Everybody has one."))
    names = ", ".join(person.full_name for person in lacking[:SHOWN]) + (" …" if len(lacking) > SHOWN else "")
    words = ngettext("%(count)d person has none: %(names)s", "%(count)d people have none: %(names)s", len(lacking))
    state = State.LATE if scope.is_over else State.MISSING
    return Finding(**base, state=state, words=words % {"count": len(lacking), "names": names}, actor=actor)
