"""What this kind hangs on the seams of the rooms below it."""

from milepost.activities.page.kind import PageKind
from milepost.activities.page.player import PagePlayer
from milepost.courses.kinds import kinds
from milepost.learning.players import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(PageKind.name, PageKind())
    players.register(PagePlayer.kind, PagePlayer())
