"""The key with which a program of the organisation's fetches its security events: made, renewed and ended by an owner.

It is shown once, when it is made; what is kept is its SHA-256, which says nothing of 256 random bits. A renewal ends the
one before. The program is answered by `views/program`, in the words of `standard` (the Elastic Common Schema).
"""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction

from milepost.core import clock
from milepost.core.irrevocable import irrevocable
from milepost.journal.recording import Reference, record
from milepost.journal.vocabulary import FactType
from milepost.people.models import Member, Organisation
from milepost.security.facts import FEED_CREATED, FEED_RENEWED, FEED_REVOKED
from milepost.security.models import SecurityEvent, SecurityFeed

PREFIX = "mpsec_"  # by which those who look for keys in code and logs know one
AT_ONCE = 1_000  # events in one answer
_NOTED_EVERY = timedelta(minutes=1)


@irrevocable
def make_key(*, organisation: Organisation, by: Member) -> str:
    """A new key; one that there was opens nothing from now on. Records `created` or `renewed`."""
    key = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        values = {"key_sha256": _hashed(key), "made_at": clock.now(), "made_by": by, "used_at": None}
        _feed, is_new = SecurityFeed.objects.update_or_create(organisation=organisation, defaults=values)
        _record(FEED_CREATED if is_new else FEED_RENEWED, organisation, by)
    return key


@irrevocable
def end_key(*, organisation: Organisation, by: Member) -> None:
    """End the key; without one it is a no-op. Records `revoked`."""
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        if SecurityFeed.objects.filter(organisation=organisation).delete()[0]:
            _record(FEED_REVOKED, organisation, by)


def opened_by(slug: str, key: str) -> Organisation | None:
    """The organisation at `slug` if this is its key. Takes as long for a wrong one, and for an organisation that there is not."""
    feed = SecurityFeed.objects.select_related("organisation").filter(organisation__slug=slug).first()
    is_right = secrets.compare_digest(feed.key_sha256 if feed else _hashed(""), _hashed(key))
    if feed is None or not is_right:
        return None
    if feed.used_at is None or clock.now() - feed.used_at > _NOTED_EVERY:
        same_key = SecurityFeed.objects.filter(
            pk=feed.pk, key_sha256=feed.key_sha256
        )  # and not one that was made meanwhile
        same_key.update(used_at=clock.now())
    return feed.organisation


def events_after(organisation: Organisation, number: int) -> list[SecurityEvent]:
    """The next events in the order of their numbers, `AT_ONCE` at most."""
    rows = SecurityEvent.objects.filter(organisation=organisation, number__gt=number)
    return list(rows.select_related("person", "done_to").order_by("number")[:AT_ONCE])


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _record(fact: FactType, organisation: Organisation, by: Member) -> None:
    feed = Reference("security-feed", str(organisation.uid), organisation.name)
    record(fact, organisation=organisation, actor=by.as_reference(), object=feed)
