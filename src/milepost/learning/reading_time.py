"""How soon a text can have been read: what is done sooner is done all the same, and the record says so."""

from functools import lru_cache

from milepost.core import clock
from milepost.courses.markdown import plain_text
from milepost.courses.outline import content_of
from milepost.learning.facts import Caveat
from milepost.learning.models import Progress

# Adults read about 240 words a minute (Brysbaert, Journal of Memory and Language 109, 2019), and skim 600 at most. Nobody who
# has seen the words of a page is faster than this, and scripts without spaces count as few words: a flag is never an opinion.
FASTEST = 1_000


def caveat_of_reading(progress: Progress) -> Caveat | None:
    """`HASTY` when less time than reading takes has passed since the content under `html` was opened, by the server's clock."""
    passed = (clock.now() - progress.started_at).total_seconds()
    return Caveat.HASTY if passed < _least_seconds(progress.organisation_id, progress.digest) else None


@lru_cache(maxsize=4096)
def _least_seconds(organisation_id: int, digest: str) -> float:
    """Worked out once a process for each content."""
    return 60 * len(plain_text(content_of(organisation_id, digest).definition["html"]).split()) / FASTEST
