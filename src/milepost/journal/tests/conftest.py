import pytest

from milepost.journal import organisations, vocabulary
from milepost.journal.tests import exercises
from milepost.journal.vocabulary import fact_types


@pytest.fixture(autouse=True)
def _exercises(monkeypatch):
    monkeypatch.setattr(organisations, "_ask", exercises.identity_of)
    before = dict(fact_types._items)
    vocabulary.register(exercises)
    yield
    fact_types._items = before
