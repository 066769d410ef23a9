"""What a message on the next page offers beside its words: to undo what it tells of, in one tap.

    offer_undo(request, _("%(count)d people were enrolled.") % …, url=reverse("undo", …), count=count)

The message's tags carry it, since they are kept with the message wherever Django keeps that.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

_MARK = "undo:"
MANY = 50  # people above whom an act is asked about once more


@dataclass(frozen=True)
class Offer:
    """Where the form that undoes it is sent, and whether that is asked about first."""

    url: str
    count: int

    @property
    def is_of_many(self) -> bool:
        return self.count > MANY


def offer_undo(request: HttpRequest, words: str, *, url: str, count: int) -> None:
    """Say on the next page that something was done to so many people, with a button that undoes it."""
    messages.success(request, words, extra_tags=f"{_MARK}{count}:{url}")


def offer_of(message: Message) -> Offer | None:
    """What the message offers, if it offers anything."""
    tags = message.extra_tags or ""
    if not tags.startswith(_MARK):
        return None
    count, _colon, url = tags.removeprefix(_MARK).partition(":")
    return Offer(url, int(count))
