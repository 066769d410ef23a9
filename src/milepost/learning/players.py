"""How each kind of activity is played. Each folder under `activities/` registers its own:

players.register(QuizPlayer.kind, QuizPlayer())
"""

from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpResponseBase
from django.shortcuts import redirect

from milepost.core.registry import Registry
from milepost.courses.markdown import with_media
from milepost.courses.outline import Activity, Outline, content_of
from milepost.learning.models import Enrolment, Progress
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
        return activity_url(self.request.organisation.slug, self.enrolment.course.slug, self.activity)

    @property
    def media_base(self) -> str:
        return f"/{self.request.organisation.slug}/media/"

    def html(self, html: str) -> str:
        """Course HTML with its media at their addresses."""
        return with_media(html, self.media_base)

    def media(self, address: str) -> str:
        """The URL of a media address, or of another server as it is."""
        return address.replace("milepost-media:", self.media_base)

    def onwards(self) -> HttpResponseBase:
        """Where the person goes after this activity: the next one, or the end of the course."""
        return redirect(next_url(self.request.organisation.slug, self.enrolment, self.activity))

    def again(self) -> HttpResponseBase:
        """Back to the activity itself."""
        return redirect(self.url)


Handler = Callable[[Play], HttpResponseBase]


class Player(ABC):
    """Plays one kind. `template` extends the player's page; `resources` take POSTs under the activity's URL."""

    kind: ClassVar[str]
    template: ClassVar[str]

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


def activity_url(organisation: str, course: str, activity: Activity) -> str:
    """The address of an activity; built by hand, since an outline shows a hundred of them."""
    return f"/{organisation}/learn/{course}/{activity.key}/"


def next_url(organisation: str, enrolment: Enrolment, activity: Activity) -> str:
    """What comes after `activity`: the next one in order, or the end when it was the last or all is done."""
    following = enrolment.outline.next_after(activity)
    if following is None or (enrolment.completed_at and enrolment.last_seen_at == enrolment.completed_at):
        return f"/{organisation}/learn/{enrolment.course.slug}/completion/"
    return activity_url(organisation, enrolment.course.slug, following)
