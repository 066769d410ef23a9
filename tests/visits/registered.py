"""What visits bring to the rooms below."""

from milepost.journal import vocabulary
from milepost.people.contributions import contributions
from tests.visits import facts
from tests.visits.contribution import VisitsContribution


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    contributions.register("visits", VisitsContribution())
