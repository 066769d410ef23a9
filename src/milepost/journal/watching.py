"""Each process looks after what its threads wrote last, until a seal covers it: nothing that is written later names that, should it be removed.

A thread of the web server's and of the worker's process looks every few seconds while there is such an entry. Of one that is gone a fact
tells, as of one that a later entry names (`folding.tell_of`). What a process wrote last in the seconds before it ended, nobody looks after.
"""

import logging
import time
from threading import Thread

from django.db import connection, transaction

from milepost.journal import chaining, folding, tiles
from milepost.journal.models import Entry, Seal

SECONDS = 10  # between two looks: less than between two seals

logger = logging.getLogger(__name__)


def begin() -> None:
    """Look from now on, as long as this process lives."""
    Thread(target=_watch, name="watching", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(SECONDS)
        if not chaining.unnamed():
            continue
        try:
            look()
        except Exception:  # the database is away, or busy: it is asked again
            logger.warning("What this process wrote last could not be looked at.", exc_info=True)
        finally:
            connection.close()


def look() -> None:
    """Tell of each entry that is gone, and look no more after those that a seal covers."""
    for last in chaining.unnamed():
        with transaction.atomic():
            mark = Entry.objects.filter(pk=last.number).values_list("mark", flat=True).first()
            if mark is None or bytes(mark) != last.mark:
                folding.tell_of(last.organisation_id, last.number, last.mark)
            elif not _is_sealed(last):
                continue
        chaining.forget(last)


def _is_sealed(last: chaining.Last) -> bool:
    place = tiles.place_of(last.organisation_id, last.number)
    seals = Seal.objects.filter(organisation_id=last.organisation_id)
    return place is not None and seals.filter(size__gt=place.index).exists()
