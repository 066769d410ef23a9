"""Time stamps by an authority (RFC 3161), where one is configured (`MILEPOST_TIMESTAMP_URL`).

A stamp on the newest seal dates everything before it, so only the newest is stamped. An authority that does not
answer never holds up a seal: the next round asks again.
"""

import asyncio
import hashlib
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from asn1crypto import cms, tsp
from django.conf import settings
from django.core.cache import cache
from django.db.models import OuterRef, Subquery

from milepost.core import clock
from milepost.journal.models import Seal, SigningKey, Timestamp
from milepost.journal.sealing import clock_of

if TYPE_CHECKING:
    from milepost.journal.timestamp_authority import Authority

CLOCKS_DIFFER = timedelta(minutes=10)  # as much as `milepost verify` allows an authority
LATE = timedelta(days=1)  # a stamp that came longer after its seal is told of
PATIENCE = 10  # seconds, in the background
PATIENCE_AT_HAND = 4  # seconds, while somebody waits
CLOCK = "timestamp-authority-clock"  # seconds between its clock and ours, when it last answered
_RESTING = "timestamp-authority-rests"

logger = logging.getLogger(__name__)


def authority(*, patience: int = PATIENCE) -> "Authority | None":
    """The configured authority, or None. `patience` is in seconds, for each answer."""
    if not settings.TIMESTAMP_URL:
        return None
    from milepost.journal.timestamp_authority import Authority  # brings pyHanko, which few processes need

    return Authority(settings.TIMESTAMP_URL, patience=patience)


def authority_at_hand() -> "Authority | None":
    """The authority for somebody who waits: None while it rests after not having answered."""
    return None if is_resting() else authority(patience=PATIENCE_AT_HAND)


def is_resting() -> bool:
    """Whether the authority has not answered, so lately that nobody asks it again."""
    since = cache.get(_RESTING)
    return since is not None and 0 <= clock.now().timestamp() - since < settings.TIMESTAMP_REST


def let_rest() -> None:
    """Remember that the authority does not answer, so that nobody else waits for it in the next `TIMESTAMP_REST` seconds."""
    cache.set(_RESTING, clock.now().timestamp(), timeout=settings.TIMESTAMP_REST)


def is_owed() -> bool:
    """Whether an authority is configured and owes a newest seal its stamp."""
    return bool(settings.TIMESTAMP_URL) and bool(unstamped())


def unstamped() -> list[int]:
    """The organisations whose newest seal has no stamp yet."""
    newest = Seal.objects.filter(organisation_id=OuterRef("organisation_id")).order_by("-number").values("pk")[:1]
    keys = SigningKey.objects.filter(is_current=True).annotate(newest=Subquery(newest))
    waiting = Seal.objects.filter(pk__in=keys.values("newest"), timestamp=None)
    return list(waiting.values_list("organisation_id", flat=True))


class NoStamp(ConnectionError):
    """The authority does not answer, refuses, or says a time that can't be."""


def stamp_newest(organisation_id: int) -> bool:
    """Have the authority stamp the organisation's newest seal; False where that needs none. Raises `NoStamp`."""
    seal = Seal.objects.filter(organisation_id=organisation_id).order_by("number").last()
    return bool(seal and _stamp(seal, authority()))


def stamp_at_hand(seal: Seal) -> bool:
    """Have the seal stamped before it is given out, unless the authority does not answer, which holds nothing up; return whether it is."""
    try:
        _stamp(seal, authority_at_hand())
    except NoStamp as error:
        logger.warning("A seal is given out without a time stamp: %s", error)
    return Timestamp.objects.filter(seal=seal).exists()


def _stamp(seal: Seal, stamper: "Authority | None") -> bool:
    if stamper is None or Timestamp.objects.filter(seal=seal).exists():
        return False
    from pyhanko.sign.timestamps import TimestampRequestError

    began = datetime.now(UTC)
    digest = hashlib.sha256(bytes(seal.signature)).digest()
    try:
        token = asyncio.run(stamper.async_timestamp(digest, "sha256"))
    except (OSError, TimestampRequestError) as error:
        let_rest()
        raise NoStamp(f"{stamper.url}: {error}") from error
    stamp = {"token": token.dump(), "time": _info(token)["gen_time"].native}
    ahead, behind = (began - stamp["time"]).total_seconds(), (stamp["time"] - datetime.now(UTC)).total_seconds()
    cache.set(CLOCK, max(ahead, behind, 0.0), timeout=None)
    if stamp["time"] < clock_of(seal) - CLOCKS_DIFFER:
        let_rest()
        raise NoStamp(
            f"{stamper.url} says that it is {stamp['time']}, which is before the seal: a clock is wrong, there or here."
        )
    return Timestamp.objects.get_or_create(seal=seal, defaults=stamp)[1]


def is_stamp_of(token: bytes, signature: bytes) -> bool:
    """Whether the token speaks of this signature. (Who the authority is, a verifier decides by its certificate.)"""
    try:
        imprint = _info(cms.ContentInfo.load(token))["message_imprint"]
    except (ValueError, TypeError, KeyError):
        return False
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    return bool(imprint["hashed_message"].native == hashlib.new(algorithm, signature).digest())


def trouble_of(stamp: Timestamp, seal: Seal) -> str:
    """What does not hold about the stamp of a seal, as the end of a sentence; empty for one that is over it and no older than it."""
    if not is_stamp_of(bytes(stamp.token), bytes(seal.signature)):
        return "belongs to something else"
    if _info(cms.ContentInfo.load(bytes(stamp.token)))["gen_time"].native != stamp.time:
        return "says another time than is told of it"
    return "is older than the seal" if stamp.time < clock_of(seal) - CLOCKS_DIFFER else ""


def _info(token: cms.ContentInfo) -> tsp.TSTInfo:
    info: tsp.TSTInfo = token["content"]["encap_content_info"]["content"].parsed
    return info
