"""How each kind of activity is played. Each folder under `activities/` registers its own:

players.register(QuizPlayer.kind, QuizPlayer())
"""

from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from milepost.core.registry import Registry
from milepost.courses.addresses import media_base
from milepost.courses.markdown import with_media
from milepost.courses.outline import Activity, Outline, content_of
from milepost.learning.addresses import activity_url, next_url
from milepost.learning.models import Enrolment, NotOpened, Progress
from milepost.people.access import OrganisationRequest


@dataclass
class Play:
    """One person at one activity: everything that a player needs to show it or to act on it."""

    request: OrganisationRequest
    enrolment: Enrolment
    activity: Activity
    progress: Progress

    @property
    def outline(self) -> Outline:
        return self.enrolment.outline

    @property
    def definition(self) -> dict[str, Any]:
        """The frozen content that the kind wrote; read-only."""
        return content_of(self.enrolment.organisation_id, self.activity.digest).definition

    @property
    def url(self) -> str:
        return activity_url(self.request.organisation.slug, self.enrolment.course.slug, self.activity.key)

    @property
    def media_base(self) -> str:
        return media_base(self.request.organisation.slug)

    def html(self, html: str) -> str:
        """Course HTML with its media at their addresses."""
        return with_media(html, self.media_base)

    def media(self, address: str) -> str:
        """The URL of a media address, or of another server as it is."""
        return address.replace("milepost-media:", self.media_base)

    def onwards(self) -> HttpResponseBase:
        """Where the person goes after this activity: the next one, or the end of the course."""
        return redirect(next_url(self.request.organisation.slug, self.enrolment, self.activity))

    @property
    def was_shown(self) -> bool:
        """Whether the person has opened the activity as it is now."""
        return self.progress.was_shown(self.activity.digest)

    def shown_first(self) -> HttpResponseBase:
        """To the activity, which the person has not opened as it is now, and is told so."""
        return shown_first(self.request, self.url)

    def again(self) -> HttpResponseBase:
        """Back to the activity itself."""
        return redirect(self.url)


def shown_first(request: HttpRequest, url: str) -> HttpResponseBase:
    """To the activity at this address, with a word why: it was to be done before it was opened."""
    messages.info(request, NotOpened.sentence)
    return redirect(url)


Handler = Callable[[Play], HttpResponseBase]


class Player(ABC):
    """Plays one kind. `template` extends the player's page; `resources` take POSTs under the activity's URL."""

    kind: ClassVar[str]
    template: ClassVar[str]
    is_read: ClassVar[bool] = False  # it is a text (`html`), which takes time to read
    kept: ClassVar[frozenset[str]] = (
        frozenset()
    )  # of its resources, those that its page keeps and sends later by itself

    def context(self, play: Play) -> dict[str, Any]:
        """What the template needs beyond the play itself."""
        return {}

    def resources(self) -> Mapping[str, Handler]:
        """What can be posted to, by the last part of the URL."""
        return {}


players: Registry[Player] = Registry("player of a kind of activity")


def player_of(activity: Activity) -> Player:
    """The player of the activity's kind. Raises `NotRegistered`."""
    return players.get(activity.kind)
