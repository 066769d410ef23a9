"""Removing what nothing refers to any more, while others may store the same bytes.

    too_young = remove_unused(organisation, digests)         # in a job: after the change that let go of them

A file is stored before the row that names it is committed. So one that was stored lately stays, though nothing refers to
it yet: storing what is there renews its time. Only what nothing has stored for `QUIET` goes.
"""

from collections.abc import Iterable
from datetime import timedelta

from milepost.core import blobs, clock
from milepost.core.blobs.references import Tenant, unused

QUIET = timedelta(hours=1)  # longer than any request takes from storing a file to committing its row


def remove_unused(organisation: Tenant, digests: Iterable[str], *, quiet: timedelta = QUIET) -> set[str]:
    """Take away those of the blobs that nothing refers to; return the unused ones that were stored too lately."""
    before = clock.now() - quiet
    free = sorted(unused(organisation, digests))
    return {digest for digest in free if not blobs.remove(organisation.uid, digest, stored_before=before)}
