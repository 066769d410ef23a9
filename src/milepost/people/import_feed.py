"""The HR file that comes by itself: a program sends it with a key, or it is fetched once a day from an address.

What comes goes the way of an upload, in the name of whoever set it up: the same columns as last time, the same plan, the same
brakes. Where the plan has problems or questions, or more would leave than leave unasked, nothing is changed, and the file waits a
week for somebody to look (`import_drafts`). A file that is the last imported one changes nothing and says nothing.

Whoever speaks to people hangs itself on `carriers`, and tells who set it up and HR what became of it.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy, override

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.fetching import NoAnswer, fetch
from milepost.core.irrevocable import irrevocable
from milepost.core.jobs import named
from milepost.core.names import as_seen
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.recording import record
from milepost.journal.vocabulary import FactType
from milepost.people import import_drafts
from milepost.people.facts import FEED_CREATED, FEED_RENEWED, FEED_REVOKED, FEED_SCHEDULED, FEED_UNSCHEDULED
from milepost.people.import_plan import ImportRefused, TooManyLeave, Unanswered
from milepost.people.models import Member, Organisation, PeopleFeed, PeopleImport
from milepost.people.permissions import IMPORT_PEOPLE, may

PREFIX = "mphr_"  # by which those who look for keys in code and logs know one
MOST = 20 * 1024 * 1024
"""Bytes of a file that comes by itself, as of one that is uploaded."""
WITHIN = 60.0
"""Seconds in which it is fetched."""
MOST_ADDRESS = 2_000
_NOTED_EVERY = timedelta(minutes=1)

# What tells people what became of a file: called in the transaction, with the feed, the draft (None: there is none), the counts
# of what was done (empty where nothing was), and why it waits or was not fetched.
carriers: Registry[Callable[[PeopleFeed, PeopleImport | None, dict[str, int], str], None]] = Registry(
    "carrier of what became of an HR file"
)


class NoFetchingAddress(Refused):
    """The address can't be fetched from."""

    sentence = gettext_lazy("Give an address that begins with https://, without a name or password in it.")
    field = "address"


class NobodyAnswers(Refused):
    """Whoever set it up may not import people any more."""

    sentence = gettext_lazy("Whoever set this up may not import people any more. Let somebody who may set it up anew.")
    status = 403


@irrevocable
def make_key(*, organisation: Organisation, by: Member) -> str:
    """A new key; one that there was opens nothing from now on. Records `created` or `renewed`."""
    key = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        feed = _held(organisation)
        fact = FEED_RENEWED if feed.key_sha256 else FEED_CREATED
        feed.key_sha256, feed.made_at, feed.used_at = _hashed(key), clock.now(), None
        _set(feed, by, fact)
    return key


@irrevocable
def end_key(*, organisation: Organisation, by: Member) -> None:
    """End the key; without one it is a no-op. Records `revoked`."""
    with transaction.atomic():
        feed = _held(organisation)
        if feed.key_sha256:
            feed.key_sha256, feed.made_at, feed.used_at = "", None, None
            feed.save()
            record(FEED_REVOKED, organisation=organisation, actor=by.as_reference(), object=feed.as_reference())


def schedule(
    *, organisation: Organisation, address: str, hour: int, minute: int, is_complete: bool, by: Member
) -> PeopleFeed:
    """Fetch the file from `address` each day at this time; from “” no more. `is_complete` holds for what is sent, too.

    Raises `NoFetchingAddress`. Records `scheduled` with the host and the time, or `unscheduled`.
    """
    address = address.strip()
    if address and not _is_fetched(address):
        raise NoFetchingAddress
    with transaction.atomic():
        feed = _held(organisation)
        was = feed.address
        feed.address, feed.hour, feed.minute, feed.is_complete = address, hour, minute, is_complete
        feed.fetched_on = None if address != was else feed.fetched_on
        if address:
            _set(feed, by, FEED_SCHEDULED, {"host": urlsplit(address).hostname or "", "at": f"{hour:02}:{minute:02}"})
        elif was:
            _set(feed, by, FEED_UNSCHEDULED)
        else:
            feed.set_by, feed.set_at = by, clock.now()
            feed.save()
    return feed


def _is_fetched(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        return False
    plain = address.isascii() and len(address) <= MOST_ADDRESS and not any(c in address for c in " \\\t\r\n")
    return plain and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def opened_by(slug: str, key: str) -> PeopleFeed | None:
    """The feed of the organisation at `slug` if this is its key. Takes as long for a wrong one, and for an organisation that there is not."""
    feed = (
        PeopleFeed.objects.select_related("organisation", "set_by__organisation")
        .filter(organisation__slug=slug)
        .first()
    )
    is_right = secrets.compare_digest(feed.key_sha256 if feed and feed.key_sha256 else _hashed(""), _hashed(key))
    if feed is None or not feed.key_sha256 or not is_right:
        return None
    if feed.used_at is None or clock.now() - feed.used_at > _NOTED_EVERY:
        same_key = PeopleFeed.objects.filter(pk=feed.pk, key_sha256=feed.key_sha256)
        same_key.update(used_at=clock.now())
    return feed


def take_in(feed: PeopleFeed, *, content: bytes, name: str) -> PeopleImport | None:
    """Keep the file, and have the background import it; None for the file that was imported last, which changes nothing.

    A file that came before it and waits gives way. Raises `UnreadableTable`, `NobodyAnswers`.
    """
    by = feed.set_by
    if by is None or by.has_left or not may(by, IMPORT_PEOPLE):
        raise NobodyAnswers
    if fingerprint(content) == _last_of(feed.organisation):
        return None
    with transaction.atomic():
        _held(feed.organisation)
        draft = import_drafts.upload(
            content=content, name=name, by=by, comes_by_itself=True, is_complete=feed.is_complete
        )
        named("people.import_sent_file").enqueue(feed.organisation_id, draft.pk)
    return draft


def _last_of(organisation: Organisation) -> str:
    done = PeopleImport.objects.filter(organisation=organisation, applied_at__isnull=False)
    return done.order_by("-applied_at").values_list("digest", flat=True).first() or ""


def import_or_wait(draft: PeopleImport) -> None:
    """Import what came, if nothing about it needs somebody's eyes; tell what became of it, in the same transaction."""
    feed = PeopleFeed.objects.select_related("organisation", "set_by__organisation").get(
        organisation=draft.organisation_id
    )
    by, why = draft.uploaded_by, ""
    with override(feed.organisation.language):
        try:
            if not may(by, IMPORT_PEOPLE):
                raise NobodyAnswers
            plan = import_drafts.plan_of(draft, by=by)
            plan.refuse_leavers(None, exactly=False)
            with transaction.atomic():
                counts = import_drafts.finish(draft=draft, seen=plan.fingerprint, by=by)
                if not plan.is_empty:
                    _tell(feed, draft, dict(counts), "")
            return
        except import_drafts.UploadOver:
            return
        except (Unanswered, TooManyLeave) as refused:
            why = str(refused)
        except ImportRefused as refused:
            why = str(refused.problems[0]) if refused.problems else str(refused)
        except Refused as refused:
            why = str(refused)
    with transaction.atomic():
        _tell(feed, draft, {}, why)


def is_due() -> bool:
    """Whether any file is to be fetched now."""
    return any(_is_due(feed) for feed in _scheduled())


def begin_fetching() -> int:
    """Have the background fetch each file whose time of day has come; return how many."""
    count = 0
    for feed in _scheduled():
        with transaction.atomic():
            held = (
                PeopleFeed.objects.select_for_update(no_key=True, of=("self",))
                .select_related("organisation")
                .get(pk=feed.pk)
            )
            if not _is_due(held):
                continue
            held.fetched_on = clock.today(held.organisation.time_zone)
            held.save(update_fields=["fetched_on"])
            named("people.fetch_file").enqueue(held.organisation_id)
            count += 1
    return count


def _scheduled() -> list[PeopleFeed]:
    return list(PeopleFeed.objects.exclude(address="").select_related("organisation"))


def _is_due(feed: PeopleFeed) -> bool:
    now = clock.now().astimezone(ZoneInfo(feed.organisation.time_zone))
    return bool(feed.address) and feed.fetched_on != now.date() and (now.hour, now.minute) >= (feed.hour, feed.minute)


def fetch_now(feed: PeopleFeed) -> None:
    """Fetch the file and take it in; where that can't be, say so."""
    try:
        answer = fetch(feed.address, within=WITHIN, at_most=MOST, only_outside=True)
        name = as_seen(unquote(urlsplit(feed.address).path.rpartition("/")[2])) or "people.csv"
        take_in(feed, content=answer.content, name=name)
    except NoAnswer as error:
        why = str(error)
    except Refused as refused:
        with override(feed.organisation.language):
            why = str(refused)
    else:
        return
    with transaction.atomic():
        _tell(feed, None, {}, why)


def _tell(feed: PeopleFeed, draft: PeopleImport | None, counts: dict[str, int], why: str) -> None:
    for carry in carriers.all():
        carry(feed, draft, counts, why)


def _held(organisation: Organisation) -> PeopleFeed:
    Organisation.locked(organisation.pk)
    feed, _is_new = PeopleFeed.objects.get_or_create(organisation=organisation)
    feed.organisation = organisation
    return feed


def _set(feed: PeopleFeed, by: Member, fact: FactType, told: dict[str, str] | None = None) -> None:
    feed.set_by, feed.set_at = by, clock.now()
    feed.save()
    record(fact, organisation=feed.organisation, actor=by.as_reference(), object=feed.as_reference(), result=told)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
