"""What visits bring to the rooms below."""

from milepost.people.contributions import contributions
from tests.visits.contribution import VisitsContribution


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    contributions.register("visits", VisitsContribution())
