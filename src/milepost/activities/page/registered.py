"""What the page brings to the rooms below."""

from milepost.activities.page.kind import PageKind
from milepost.activities.page.player import PagePlayer
from milepost.courses import kinds
from milepost.learning import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(PageKind())
    players.register(PagePlayer())
