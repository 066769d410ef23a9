"""How soon texts can have been read: what is done sooner is done all the same, and the record says so."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from milepost.core import clock
from milepost.courses.markdown import plain_text
from milepost.courses.outline import content_of
from milepost.learning.facts import Caveat
from milepost.learning.models import Enrolment, Progress
from milepost.learning.players import players

# Adults read about 240 words a minute (Brysbaert, Journal of Memory and Language 109, 2019), and skim 600 at most. Nobody who
# has seen the words of a page is faster than this, and scripts without spaces count as few words: a flag is never an opinion.
FASTEST = 1_000
LOOKED_BACK = timedelta(days=1)


def caveat_of_reading(enrolment: Enrolment, progress: Progress) -> Caveat | None:
    """`HASTY` when less time than reading takes has passed since the content under `html` was opened, by the server's clock.

    What somebody opens at once they read one after the other: of all that they opened since any moment of the last day, and have
    finished, the reading must fit into the time since then.
    """
    now, needed = clock.now(), 0.0
    for started_at, seconds in _read_lately(enrolment.member_id, progress, now):
        needed += seconds
        if started_at <= progress.started_at and (now - started_at).total_seconds() < needed:
            return Caveat.HASTY
    return None


def _read_lately(member: int, progress: Progress, now: datetime) -> Iterator[tuple[datetime, float]]:
    """When each text that the person finished lately was opened, this one too, and how long it takes; the newest first."""
    done = Progress.objects.filter(enrolment__member=member, started_at__gt=now - LOOKED_BACK)
    rows = done.filter(status=Progress.Status.COMPLETED).exclude(pk=progress.pk)
    texts = [*rows.values_list("started_at", "digest"), (progress.started_at, progress.digest)]
    for started_at, digest in sorted(texts, reverse=True):
        yield started_at, _least_seconds(progress.organisation_id, digest)


@lru_cache(maxsize=4096)
def _least_seconds(organisation_id: int, digest: str) -> float:
    """Worked out once a process for each content; nothing for what is not read."""
    content = content_of(organisation_id, digest)
    if content.kind not in players or not players.get(content.kind).is_read:
        return 0.0
    return 60 * len(plain_text(content.definition["html"]).split()) / FASTEST
