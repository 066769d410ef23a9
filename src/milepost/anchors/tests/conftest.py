import pytest

from milepost.journal import sealing
from milepost.journal.folding import fold
from milepost.journal.recording import SYSTEM, record
from milepost.people.facts import ORGANISATION_CREATED


@pytest.fixture
def grown(organisation):
    """Let the organisation's journal grow by so many facts, and seal it."""

    def grow(count, *, sealed=True, of=organisation):
        for _fact in range(count):
            record(ORGANISATION_CREATED, organisation=of, actor=SYSTEM, object=of.as_reference())
        return sealing.seal(of.pk) if sealed else fold(of.pk)

    return grow
